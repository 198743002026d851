-- Who is erased is asked whenever another bureau asks about people, and is few.
CREATE INDEX person_erased ON person (id) WHERE erased_at IS NOT NULL;
CREATE INDEX person_merged ON person (merged_into) WHERE merged_into IS NOT NULL;
