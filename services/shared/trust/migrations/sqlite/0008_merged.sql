-- Records that turned out to be one person are asked for together, whenever a person is.
CREATE INDEX IF NOT EXISTS person_merged ON person (merged_into) WHERE merged_into IS NOT NULL;
