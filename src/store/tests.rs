mod content;
mod open;
