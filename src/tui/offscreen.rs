//! The screen without a terminal: keys in, frames out, for pictures, benchmarks and tests of what keys do.
//!
//! Invariant: it runs the same update and view as the terminal does; whoever answers its requests answers at once.

use std::collections::VecDeque;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::command::Command;
use super::keymap::Chord;
use super::layout::Size;
use super::message::Message;
use super::state::State;
use super::update::{begin, update};
use super::view::draw;
use super::{Start, UiConfig};
use crate::engine::request::{EngineMessage, Request, Ticket};

/// Answers a request at once.
pub type Answerer = Box<dyn FnMut(Ticket, Request) -> Vec<EngineMessage>>;

/// A screen that is drawn into memory.
pub struct Offscreen {
    state: State,
    answer: Answerer,
}

impl Offscreen {
    /// Opens the screen at `start` in a terminal of `size` (columns, rows).
    pub fn open(config: UiConfig, size: (u16, u16), start: Start, answer: Answerer) -> Self {
        let mut state = State::new(config, Size { columns: size.0, rows: size.1 });
        let now = (state.config.clock.0)();
        let mut commands = update(&mut state, Message::Clock(now));
        commands.extend(begin(&mut state, start));
        let mut screen = Self { state, answer };
        screen.perform(commands);
        screen
    }

    /// Presses keys, written as in the configuration and parted by spaces: `j j x 1 enter`. What is no key's name is
    /// typed letter by letter.
    pub fn press(&mut self, keys: &str) {
        for word in keys.split(' ').filter(|word| !word.is_empty()) {
            match Chord::parse(word) {
                Some(chord) => self.send(Message::Key(chord)),
                None => word
                    .chars()
                    .filter_map(|letter| Chord::parse(&letter.to_string()))
                    .for_each(|chord| self.send(Message::Key(chord))),
            }
        }
    }

    /// The frame as it would be drawn now.
    pub fn frame(&self) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, self.state.size.columns, self.state.size.rows));
        draw(&self.state, &mut buffer);
        buffer
    }

    /// The frame's text, one line a row, styles left out.
    pub fn text(&self) -> String {
        let buffer = self.frame();
        let row = |y| (0..buffer.area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..buffer.area.height).map(|y| row(y).trim_end().to_owned() + "\n").collect()
    }

    fn send(&mut self, message: Message) {
        let commands = update(&mut self.state, message);
        self.perform(commands);
    }

    fn perform(&mut self, commands: Vec<Command>) {
        let mut waiting = VecDeque::from(commands);
        while let Some(command) = waiting.pop_front() {
            let messages = match command {
                Command::Ask(ticket, request) => (self.answer)(ticket, request),
                Command::Cancel(_)
                | Command::Copy(_)
                | Command::Edit(_)
                | Command::Quit
                | Command::Redraw
                | Command::Suspend => Vec::new(),
            };
            for message in messages {
                let message = match message {
                    EngineMessage::Reply(ticket, reply) => Message::Reply(ticket, reply),
                    EngineMessage::Progress(ticket, progress) => Message::Progress(ticket, progress),
                    EngineMessage::Arrived => Message::Arrived,
                    EngineMessage::Notice(text) => Message::Notice(text),
                };
                waiting.extend(update(&mut self.state, message));
            }
        }
    }
}
