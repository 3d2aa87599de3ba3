-- No search used these: it reads the indexes of all addresses and of all full names.
DROP INDEX users_without_words_by_email;
DROP INDEX users_without_words_by_display_name;
