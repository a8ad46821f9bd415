package main

// helpFormats is the text of "tandem help formats".
const helpFormats = `Where inputs come from, and what they are

Examples:
  tandem map x.py:f ::: 1 2 3                        three inputs
  tandem map x.py:f < lines                          each line is an input
  find . -print0 | tandem map -0 -- wc -c            each name ends with NUL
  tandem map -a lines x.py:f                         each line of a file
  tandem map --range 1..1000 x.py:f                  integers; 10..1 goes down, 0..100..5 by 5
  tandem map --glob 'photos/**/*.jpg' -- identify    files, while folders are being read
  tandem map x.py:area ::: 1 2 ::: 10 20             area(1, 10) area(1, 20) area(2, 10) area(2, 20)
  tandem map x.py:area ::: 1 2 :::+ 10 20            area(1, 10) area(2, 20)
  tandem map --as csv x.py:greet < people.csv        greet(name="ann", age="7")
  tandem map --as csv -- echo {name} {2} < people.csv
  tandem map --as json -- echo {user} < events.jsonl
  tandem map --as json 'x.py:f(**)' < objects.jsonl  members of an object as arguments by name
  tandem map --as json 'x.py:f(*)' < arrays.jsonl    elements of an array as arguments

Sources of inputs, in any number and order; without any, the lines of standard input:
  ::: INPUT...      these
  :::: FILE...      the lines of a file, each file a source of its own; - is standard input
  :::+ INPUT...     linked to the source before: the first of both, the second of both,
  ::::+ FILE...     until one has no more
  -a FILE           as :::: FILE
  --glob PATTERN    the files and folders that match, those of one folder in order:
                    * and ? for letters, [a-z] for one of some, {a,b} for one of two, ** for
                    any number of folders. A name that begins with a dot is matched only
                    by a part of the pattern that does. Several patterns are one source.
  --range A..B      the integers from A to B; A..B..STEP by steps

Sources that are not linked make all combinations; the last source changes fastest.
Sources of flags come before those behind the task. The first source is read while
calls run; the others are held in memory. Results appear before the last input is read.

What an input is (--as):
  auto   for Python: a value if it is valid JSON, and text otherwise. 1 is a number,
         01 and a.txt are texts, "1" is the text 1, null is None
  str    text, whatever it looks like
  json   JSON, one value on a line; blank lines are none. What is no JSON fails by itself
  csv    a table: the first record names the columns. Fields may be quoted, also with line
         feeds in them. All values are text: 007 stays 007. A record with more or fewer fields
         than the header fails by itself, the others go on

How a function or command gets it:
                      Python              command
  one source          f(x)                {}
  several sources     f(x, y)             {1} {2}; {} stands for all of them
  --as csv            f(name=x, ...)      {name} or {1}; {} is the line
  --as json           f(value)            {name} of an object, texts without quotes; {} is the line
  FILE.py:f(*)        f(x, y) from an array, or from the columns of a table
  FILE.py:f(**)       f(name=x, ...) from an object

A function that cannot take the inputs (too many, too few, a column that it does not have)
is refused before the first call.

A carriage return before a line feed is part of an input, but not in CSV. Text that is not
UTF-8 reaches Python as surrogate escapes, so that open() and os.fsencode() know the file, and
commands as it is.

Inputs in flags:
  -0, --null        inputs end with NUL, not with line feeds
  --total N         how many inputs there will be, for progress and percentages
`
