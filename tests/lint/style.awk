# The style of one C file, line by line. Called by style.sh with -v guard=FOLDER_FILE_H for a header and -v product=1 for a file of the
# product. Prints file:line: rule: message.
#
# A small reader tells code from comments and texts (strings and characters), so that a word in a comment offends nobody:
#
#   code      the line without comments, texts emptied to ""
#   texts     what stands in its string literals
#   slashes   whether it has a comment of the // kind

function say(rule, message) {
    printf "%s:%d: %s: %s\n", FILENAME, FNR, rule, message
}

function take_apart(line,    n, i, c, two) {
    code = ""; texts = ""; slashes = 0
    n = length(line)
    for (i = 1; i <= n; i++) {
        c = substr(line, i, 1)
        two = substr(line, i, 2)
        if (in_comment) {
            if (two == "*/") { in_comment = 0; i++ }
        } else if (quote != "") {
            if (c == "\\") { if (quote == "\"") texts = texts substr(line, i, 2); i++ }
            else if (c == quote) { code = code quote; texts = texts " "; quote = "" }
            else if (quote == "\"") texts = texts c
        } else if (two == "/*") { in_comment = 1; i++ }
        else if (two == "//") { slashes = 1; break }
        else if (c == "\"" || (c == "'" && code !~ /[0-9A-Fa-f]$/)) { quote = c; code = code c }
        else code = code c
    }
    quote = "" # a text ends with its line
}

FNR == 1 {
    if ($0 !~ /^\/\*/) say("opening", "a file opens with a comment that says what it owns")
    opening = 1
}

{
    columns = $0
    gsub(/[\200-\277]/, "", columns) # UTF-8: one column for each character, near enough
    if (length(columns) > 120) say("columns", "longer than 120 columns")
    take_apart($0)
}

opening && !in_comment {
    if (FNR > 25) say("opening", "the opening comment has more than 25 lines")
    opening = 0
}

slashes { say("comment", "comments are /* ... */") }
code ~ /(^|[^a-z_])typedef +(struct|union|enum)[^(]*$/ { say("typedef", "structs, unions and enums are not typedef'd") }
product && code ~ /(^|[^a-z_])(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|rand|asctime|gmtime|localtime) *\(/ {
    say("call", "a call without a bound, an error or a thread of its own")
}
product && texts ~ /(^|[^A-Z])(SELECT |INSERT (INTO|OR) |DELETE FROM |UPDATE [a-z_]+ SET |CREATE (TABLE|INDEX|VIEW|TRIGGER) |DROP TABLE |ALTER TABLE |PRAGMA |BEGIN IMMEDIATE|ON CONFLICT)/ \
    && FILENAME !~ /^(db|migrations)\// {
    say("sql", "SQL lives in db/ and migrations/ only")
}

guard != "" && !guarded && code ~ /^#/ {
    guarded = 1
    split(code, word, " ")
    if (word[1] != "#ifndef" || word[2] !~ ("^PORCHLIGHT_([A-Z_]*_)?" guard "$"))
        say("guard", "the first directive is #ifndef PORCHLIGHT_" guard)
    else if ((getline) <= 0 || $0 != "#define " word[2]) say("guard", "#define " word[2] " follows")
}

END {
    if (guard != "" && !guarded) say("guard", "no #ifndef PORCHLIGHT_" guard)
}
