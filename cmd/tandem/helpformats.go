package main

// helpFormats is the page on what inputs are and how results are written.
const helpFormats = `
Examples:
  tandem map examples/primes.py:count ::: 100000 200000
  tandem map --as str titles.py:title < urls
  tandem map --as csv people.py:greet < people.csv

--as says what an input is:
  auto   valid JSON is that value, anything else is text (the default)
  json   each input is JSON, and one that is not fails
  str    each input is text
  csv    the first line names the columns, each further one is an input

--output says how results are written: json is one line of JSON a call, raw
writes text without quotes.`
