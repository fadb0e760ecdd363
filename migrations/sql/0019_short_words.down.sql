CREATE OR REPLACE FUNCTION geoservice.holds_personal_number(words text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(translate(words, '０１２３４５６７８９Ｘｘ＋－', '0123456789Xx+-'),
                      '(?<=[0-9])[-. \u00A0\u2010-\u2014\u3000]+(?=[0-9Xx])', '', 'g')
       ~ '(^|[^0-9])((\+?0{0,2}86)?1[3-9][0-9]{9}|[1-9][0-9]{16}[0-9Xx])($|[^0-9])';
