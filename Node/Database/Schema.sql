-- The board's tables. Every row is immutable (but for texts that an administrator erases: docs/adr/0024) and carries the origin (the server id of the incarnation that wrote it).
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

CREATE TABLE IF NOT EXISTS passkey_use (         -- a device that counts has signed; of each credential and account the greatest counts
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  account_id BINARY(16) NOT NULL,
  credential_hash BINARY(32) NOT NULL,
  counter INT UNSIGNED NOT NULL,                -- the device's own
  KEY by_credential (credential_hash, account_id, counter)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

-- Before what is decided about: whoever repairs tables in this order never has a post for a moment without the decision that it waits.
CREATE TABLE IF NOT EXISTS decision (           -- what somebody decided about a channel, a topic, a report, an account or somebody else's post; of each subject and property the latest counts
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  subject_id BINARY(16) NOT NULL,
  property VARCHAR(20) NOT NULL,                -- role, banned, signed-out, reset, locked, pinned, hidden, channel, title, description, place, archived, handled, post, erased, word, waits
  value VARCHAR(400) NOT NULL,
  author_id BINARY(16) NOT NULL,                -- whoever did it
  reason VARCHAR(200) NOT NULL,
  KEY by_subject (subject_id, property, id),
  KEY by_value (property, value(64), id),
  KEY by_origin (node, id)                      -- as in post
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
  kind VARCHAR(10) NOT NULL,                    -- edit, delete, restore, erase
  body MEDIUMTEXT NULL,                         -- the whole new text of an edit
  reason VARCHAR(200) NOT NULL,
  KEY by_post (post_id, kind, id),
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

CREATE TABLE IF NOT EXISTS read_mark (          -- how far somebody has read: of each person and subject the greatest up_to counts
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  account_id BINARY(16) NOT NULL,
  subject_id BINARY(16) NOT NULL,               -- a topic; a channel, in which everything up to there is taken as read; or the account: its notifications
  up_to BINARY(16) NOT NULL,                    -- the last post that was shown
  KEY by_account (account_id, subject_id, up_to)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS attention (          -- of each person and topic the latest counts, but a mute lasts until another choice
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  account_id BINARY(16) NOT NULL,
  topic_id BINARY(16) NOT NULL,
  level VARCHAR(10) NOT NULL,                   -- follow, normal, mute: chosen; joined: posted in it
  KEY by_account (account_id, id),
  KEY by_topic (account_id, topic_id, level, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS mention (            -- whom a post or an edit speaks to; written together with it
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  text_id BINARY(16) NOT NULL,                  -- the post, or the revision with another text of it
  post_id BINARY(16) NOT NULL,
  topic_id BINARY(16) NOT NULL,
  account_id BINARY(16) NOT NULL,
  author_id BINARY(16) NOT NULL,                -- whoever wrote the text
  kind VARCHAR(10) NOT NULL,                    -- reply, mention
  named VARCHAR(170) NOT NULL,                  -- folded as account.name_key, with the suffix if it was written; empty for a reply
  KEY by_account (account_id, id),
  KEY by_text (text_id),
  KEY by_post (post_id, account_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS mail_address (       -- where somebody can be reached; of each account the latest counts
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  account_id BINARY(16) NOT NULL,
  address VARCHAR(254) NOT NULL,                -- empty: nowhere any more
  confirmed BOOLEAN NOT NULL,                   -- whoever reads its mail has said that it is theirs
  KEY by_account (account_id, id),
  KEY by_address (address, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS digest_choice (      -- how often somebody wants a digest; of each account the latest counts
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  account_id BINARY(16) NOT NULL,
  frequency VARCHAR(10) NOT NULL,               -- never, daily, weekly
  KEY by_account (account_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS digest_sent (        -- a digest that is about to be sent, and then what became of it
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  account_id BINARY(16) NOT NULL,
  period INT UNSIGNED NOT NULL,                 -- whose digest it is: days since 1970
  outcome VARCHAR(10) NOT NULL,                 -- begun, sent, failed, refused
  KEY by_account (account_id, period, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS here_choice (        -- whether somebody is shown to others where they read; of each account the latest counts
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  account_id BINARY(16) NOT NULL,
  shown BOOLEAN NOT NULL,
  KEY by_account (account_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS hook (               -- a webhook as it is since this row; of each hook_id the latest counts, as a whole
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  hook_id BINARY(16) NOT NULL,
  author_id BINARY(16) NOT NULL,                -- whoever did it
  url VARCHAR(500) NOT NULL,
  events VARCHAR(100) NOT NULL,                 -- separated by spaces
  secret VARCHAR(600) NOT NULL,                 -- sealed with the ring's keys
  secret_before VARCHAR(600) NOT NULL,          -- the one before it, which signs too until then; empty if there is none
  before_until BIGINT NOT NULL,                 -- milliseconds since 1970
  state VARCHAR(10) NOT NULL,                   -- on, off, failing, deleted
  since_id BINARY(16) NOT NULL,                 -- only what is later is sent: the row with which it was switched on
  KEY by_hook (hook_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS hook_delivery (      -- an attempt to tell a webhook of an event, or that it was given up
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  hook_id BINARY(16) NOT NULL,
  event_id BINARY(16) NOT NULL,                 -- the row that is the event
  origin INT UNSIGNED NOT NULL,                 -- whose row it is: of each origin the greatest event_id says how far the webhook was told; 0: a test
  event VARCHAR(20) NOT NULL,                   -- post.created, ...
  attempt SMALLINT UNSIGNED NOT NULL,           -- from 1
  outcome VARCHAR(10) NOT NULL,                 -- delivered, failed, given-up, skipped
  status SMALLINT UNSIGNED NOT NULL,            -- what the receiver answered; 0: nothing
  note VARCHAR(200) NOT NULL,                   -- what went wrong, in words
  KEY by_hook (hook_id, id),
  KEY by_origin (hook_id, origin, event_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS file (               -- a picture or another file that posts name; it counts when all parts of its contents are there
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  author_id BINARY(16) NOT NULL,
  name VARCHAR(120) NOT NULL,                   -- cleaned
  type VARCHAR(80) NOT NULL,                    -- the media type, found by content
  source_hash BINARY(32) NOT NULL,              -- SHA-256 of what was sent
  content_id BINARY(16) NOT NULL,               -- of its parts
  size INT UNSIGNED NOT NULL,                   -- bytes
  width SMALLINT UNSIGNED NOT NULL,             -- pixels, 0 if it is no picture
  height SMALLINT UNSIGNED NOT NULL,
  shown_id BINARY(16) NULL,                     -- a picture as posts show it, if that is smaller
  shown_size INT UNSIGNED NOT NULL,
  shown_width SMALLINT UNSIGNED NOT NULL,
  shown_height SMALLINT UNSIGNED NOT NULL,
  KEY by_author (author_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS file_part (          -- bytes of a content, 64 KiB in each part but the last
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  content_id BINARY(16) NOT NULL,
  number SMALLINT UNSIGNED NOT NULL,            -- from 0
  bytes MEDIUMBLOB NOT NULL,
  KEY by_content (content_id, number)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS import_note (        -- one for each batch of an import and topic that got something: imported rows have old ids, and node 0
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  topic_id BINARY(16) NOT NULL,
  KEY by_origin (node, id)                      -- as in post: whoever keeps an index elsewhere reads these topics again
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;

CREATE TABLE IF NOT EXISTS data_protection_key ( -- made when the ring is founded; see docs/adr
  id BINARY(16) NOT NULL PRIMARY KEY,
  node INT UNSIGNED NOT NULL,
  name VARCHAR(200) NOT NULL,
  xml MEDIUMTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin;
