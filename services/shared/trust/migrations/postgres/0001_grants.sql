-- What a person may do at this service: a role in a region and everything below it.
CREATE TABLE grants (
    user_id TEXT NOT NULL,
    role    TEXT NOT NULL,
    region  TEXT NOT NULL,
    PRIMARY KEY (user_id, role, region)
);
