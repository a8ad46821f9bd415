package mapping

// Drain takes no more inputs and lets what runs finish, for a reason that is not a
// signal. It may be called any number of times, from any goroutine.
func (s *Session) Drain() {
	s.stopTaking()
	if stop := s.current().StopInput; stop != nil {
		stop()
	}
}

// Kill is Drain that also kills what runs. It does not wait.
func (s *Session) Kill() {
	s.Drain()
	s.stopRunning(errStopped)
	if kill := s.current().Kill; kill != nil {
		s.closing.Go(kill)
	}
}
