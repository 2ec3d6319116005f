-- Words of a room as people type them: small letters, no accent, single spaces, nothing else.
-- salle/venues/words.py folds a question in the same way.
CREATE OR REPLACE FUNCTION fold_words(typed text)
RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT btrim(regexp_replace(lower(unaccent('unaccent', typed)), '[^a-z0-9]+', ' ', 'g'))
$$;

-- room_words follows room and site. A word stands between two spaces; « =dojo » is a kind.
-- FOR SHARE: a site that gets another name meanwhile is waited for.
CREATE OR REPLACE FUNCTION write_room_words()
RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  INSERT INTO room_words (room_id, names, equipment, description)
  SELECT r.id,
         concat(' ', fold_words(concat_ws(' ', r.name, r.slug, array_to_string(r.equipment, ' '),
                s.name, s.commune)), ' =', r.kind, ' '),
         concat(' ', fold_words(array_to_string(r.equipment, ' ')), ' '),
         concat(' ', fold_words(r.description), ' ')
    FROM room r JOIN site s ON s.id = r.site_id
   WHERE r.id = NEW.id OR r.site_id = NEW.id
     FOR SHARE OF s
  ON CONFLICT (room_id) DO UPDATE
     SET names = excluded.names, equipment = excluded.equipment,
         description = excluded.description;
  RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER room_words_of_room
  AFTER INSERT OR UPDATE OF name, slug, kind, equipment, description, site_id ON room
  FOR EACH ROW EXECUTE FUNCTION write_room_words();

CREATE OR REPLACE TRIGGER room_words_of_site
  AFTER UPDATE OF name, commune ON site
  FOR EACH ROW EXECUTE FUNCTION write_room_words();
