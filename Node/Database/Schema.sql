-- The board's tables. Every row is immutable and carries the origin (the server id of the incarnation that wrote it).
-- There are no unique keys on what people choose and no foreign keys: two sides of a partition must never be able to break one together.
-- Statements are idempotent: each node runs them on its own server, outside the binary log.

CREATE TABLE IF NOT EXISTS ring (
  id BINARY(16) NOT NULL PRIMARY KEY,           -- one row: which ring this data belongs to
  node INT UNSIGNED NOT NULL,
  name VARCHAR(64) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS account (
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  name VARCHAR(40) NOT NULL,                    -- as its owner writes it
  name_key VARCHAR(160) NOT NULL,               -- folded: what counts as the same name; the earliest id keeps the plain name
  KEY by_name (name_key, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS login_key (          -- the latest one of an account counts
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  account_id BINARY(16) NOT NULL,
  password_hash VARCHAR(200) NOT NULL,
  KEY by_account (account_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS api_token (
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  account_id BINARY(16) NOT NULL,
  token_hash BINARY(32) NOT NULL,               -- SHA-256 of the token; the token itself is shown once and kept nowhere
  label VARCHAR(80) NOT NULL,
  unlimited BOOLEAN NOT NULL,                   -- posting limits do not apply
  KEY by_hash (token_hash)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS api_token_grant (    -- what a token may; of each token the latest counts. A token without one may whatever its account may
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  token_id BINARY(16) NOT NULL,
  scopes VARCHAR(60) NOT NULL,                  -- of read, write, moderate, administer, separated by spaces; empty: revoked
  KEY by_token (token_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS external_login (     -- who somebody is elsewhere; of each subject and account the latest counts, and of the accounts it is linked to the earliest id
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  account_id BINARY(16) NOT NULL,
  provider VARCHAR(32) NOT NULL,                -- its name in the settings, for people; what counts is the hash
  subject_hash BINARY(32) NOT NULL,             -- SHA-256 of issuer and subject
  linked BOOLEAN NOT NULL,                      -- false: unlinked
  KEY by_subject (subject_hash, account_id, id),
  KEY by_account (account_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS passkey (            -- of each credential and account the latest counts
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  account_id BINARY(16) NOT NULL,
  credential_hash BINARY(32) NOT NULL,          -- SHA-256 of the credential's id
  credential VARBINARY(1023) NOT NULL,
  public_key VARBINARY(1100) NOT NULL,          -- as the device gave it (COSE)
  label VARCHAR(80) NOT NULL,
  usable BOOLEAN NOT NULL,                      -- false: removed
  KEY by_credential (credential_hash, account_id, id),
  KEY by_account (account_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS channel (
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  author_id BINARY(16) NOT NULL,
  slug VARCHAR(64) NOT NULL,                    -- the earliest id keeps the plain slug
  title VARCHAR(200) NOT NULL,
  KEY by_slug (slug, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS topic (
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  channel_id BINARY(16) NOT NULL,
  author_id BINARY(16) NOT NULL,
  title VARCHAR(200) NOT NULL,
  request_key BINARY(32) NULL,                  -- SHA-256 of author and Idempotency-Key: of two equal ones the earlier id counts
  KEY by_channel (channel_id, id),
  KEY by_request (request_key, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS post (
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  topic_id BINARY(16) NOT NULL,
  author_id BINARY(16) NOT NULL,
  in_reply_to BINARY(16) NULL,
  body MEDIUMTEXT NOT NULL,                     -- Markdown
  request_key BINARY(32) NULL,                  -- as in topic
  KEY by_topic (topic_id, id),
  KEY by_origin (node, id),                     -- a node's own posts arrive in the order of their ids: this is how arrivals are found
  KEY by_request (request_key, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS post_revision (      -- what happened to a post since; of each kind the latest counts, of delete and restore the later one
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  post_id BINARY(16) NOT NULL,
  author_id BINARY(16) NOT NULL,                -- whoever did it
  kind VARCHAR(10) NOT NULL,                    -- edit, delete, restore
  body MEDIUMTEXT NULL,                         -- the whole new text of an edit
  reason VARCHAR(200) NOT NULL,
  KEY by_post (post_id, kind, id),
  KEY by_origin (node, id)                      -- as in post
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS decision (           -- what somebody decided about a channel, a topic, a report, an account or somebody else's post; of each subject and property the latest counts
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  subject_id BINARY(16) NOT NULL,
  property VARCHAR(20) NOT NULL,                -- role, banned, signed-out, reset, locked, pinned, hidden, channel, title, description, place, archived, handled, post
  value VARCHAR(400) NOT NULL,
  author_id BINARY(16) NOT NULL,                -- whoever did it
  reason VARCHAR(200) NOT NULL,
  KEY by_subject (subject_id, property, id),
  KEY by_value (property, value(64), id),
  KEY by_origin (node, id)                      -- as in post
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS report (             -- somebody asks the moderators to look at a post; open until a decision says that it is handled
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  post_id BINARY(16) NOT NULL,
  author_id BINARY(16) NOT NULL,                -- whoever asks
  reason VARCHAR(200) NOT NULL,
  KEY by_post (post_id, author_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS reaction (           -- of each post, person and kind the latest counts
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  post_id BINARY(16) NOT NULL,
  author_id BINARY(16) NOT NULL,
  kind VARCHAR(10) NOT NULL,                    -- like, thanks, laugh, wow, sad
  given BOOLEAN NOT NULL,                       -- false: taken back
  KEY by_post (post_id, author_id, kind, id),
  KEY by_origin (node, id)                      -- as in post
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS data_protection_key ( -- made when the ring is founded; see docs/adr
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  name VARCHAR(200) NOT NULL,
  xml MEDIUMTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
