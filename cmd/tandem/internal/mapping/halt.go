package mapping

// Drain takes no more inputs and lets what runs finish, for a reason that is not a
// signal. It may be called any number of times, from any goroutine.
func (s *Session) Drain() {
	s.stopTaking()
	s.mu.Lock()
	stopInput := s.stopInput
	s.mu.Unlock()
	if stopInput != nil {
		stopInput()
	}
}

// Kill is Drain that also kills what runs. It does not wait.
func (s *Session) Kill() {
	s.Drain()
	s.stopRunning(errStopped)
	s.mu.Lock()
	kill := s.killer
	s.mu.Unlock()
	if kill != nil {
		s.closing.Go(kill)
	}
}
