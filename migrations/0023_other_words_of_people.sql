-- The words of an account in their order: of two words, a search reads one in the order of all, and looks here for the
-- other.
CREATE INDEX words_of_user_by_word ON user_words (user_id, word);
