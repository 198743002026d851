-- Whose documents were corrected is asked whenever another bureau asks about people, and is few.
ALTER TABLE person ADD COLUMN corrected_at BIGINT;
CREATE INDEX person_corrected ON person (corrected_at) WHERE corrected_at IS NOT NULL;
