-- What became of texts that were set aside.

-- 1 where it came as a whole (a transcript), 0 where it was put together from spans.
ALTER TABLE conflicts ADD COLUMN whole INTEGER NOT NULL DEFAULT 1;
-- 1 once a person said that the stored text is the one to keep.
ALTER TABLE conflicts ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
