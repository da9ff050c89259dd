-- Why each suspect of an evaluation is one, in words and in the order of the suspects; none where an earlier program
-- evaluated.
ALTER TABLE evaluations ADD COLUMN whys TEXT NOT NULL DEFAULT '[]';
