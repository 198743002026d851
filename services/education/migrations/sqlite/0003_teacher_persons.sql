-- Who a teacher is, where a document was given: sealed in the table person.
ALTER TABLE teacher ADD COLUMN person_id BLOB;
CREATE INDEX teacher_by_person ON teacher (person_id);
