module github.com/gotandem/tandem

go 1.26
