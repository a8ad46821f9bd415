package main

// helpFormats is the text of "tandem help formats".
const helpFormats = `
Examples:
  tandem map x.py:f ::: 1 2 3            three inputs
  tandem map x.py:f < lines              each line is an input
  find . -print0 | tandem map -0 -- wc   each name ends with NUL
  tandem map -a lines x.py:f             each line of a file
  tandem map --range 1..1000 x.py:f      integers
  tandem map --glob '**/*.jpg' -- file   files below this folder
  tandem map x.py:f ::: 1 2 ::: 8 9      f(1, 8) f(1, 9) f(2, 8) f(2, 9)
  tandem map x.py:f ::: 1 2 :::+ 8 9     f(1, 8) f(2, 9)
  tandem map --as csv x.py:f < table     f(name="ann", age="7")
  tandem map --as csv -- echo {name} {2} < people.csv
  tandem map --as json -- echo {user} < events.jsonl
  tandem map --as json 'x.py:f(**)' < objects.jsonl
  tandem map --as json 'x.py:f(*)' < arrays.jsonl

Sources of inputs, in any number and order; without any, the lines of standard
input:
  ::: INPUT...      these
  :::: FILE...      the lines of a file, each file a source of its own;
                    - is standard input
  :::+ INPUT...     linked to the source before: the first of both, the
  ::::+ FILE...     second of both, until one has no more
  -a FILE           as :::: FILE
  --glob PATTERN    the files and folders that match, those of one folder
                    in order: * and ? for letters, [a-z] for one of some,
                    {a,b} for one of two, ** for any number of folders. A
                    name that begins with a dot is matched only by a part
                    of the pattern that does. Several patterns are one
                    source.
  --range A..B      the integers from A to B, also downwards; A..B..STEP
                    by steps

Sources that are not linked make all combinations; the last source changes
fastest. Sources of flags come before those behind the task. The first source is
read while calls run; the others are held in memory. Results appear before the
last input is read.

What an input is (--as):
  auto   for Python: a value if it is valid JSON, and text otherwise. 1
         is a number, 01 and a.txt are texts, "1" is the text 1, null is
         None
  str    text, whatever it looks like
  json   JSON, one value on a line; blank lines are none. What is no JSON
         fails by itself
  csv    a table: the first record names the columns. Fields may be
         quoted, also with line feeds in them. All values are text: 007
         stays 007. A record with more or fewer fields than the header
         fails by itself

How a function or command gets it:
                   Python            command
  one source       f(x)              {}
  several sources  f(x, y)           {1} {2}; {} is all of them
  --as csv         f(name=x, ...)    {name} or {1}; {} is the line
  --as json        f(value)          {name} of an object; {} is the line
  FILE.py:f(*)     f(x, y) from an array, or from the columns of a table
  FILE.py:f(**)    f(name=x, ...) from an object

A function that cannot take the inputs (too many, too few, a column that it does
not have) is refused before the first call. Texts of a JSON object stand in a
command without their quotes.

What a function returns is a line of JSON; --output raw writes text as it is.
What it prints goes to standard error.

A carriage return before a line feed is part of an input, but not in CSV. Text
that is not UTF-8 reaches Python as surrogate escapes, so that open() and
os.fsencode() know the file, and commands as it is.

Inputs in flags:
  -0, --null        inputs end with NUL, not with line feeds
  --total N         how many inputs there will be, for progress and
                    percentages
`
