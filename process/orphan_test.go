package process_test

func playParent() {}
