package main

import (
	"context"
	"errors"
	"fmt"
	"net/rpc"
)

// pluginSlot is a plugin that its user starts again.
type pluginSlot struct {
	plugged *plugged
	watch   *lineWatch
}

func openPluginSlot(context.Context) (recoverable, error) {
	s := &pluginSlot{watch: newLineWatch(holding)}
	return s, s.start()
}

func (s *pluginSlot) start() (err error) {
	s.plugged, err = startPlugin(s.watch)
	return err
}

func (s *pluginSlot) pid() (int, error) {
	config := s.plugged.client.ReattachConfig()
	if config == nil {
		return 0, errors.New("the plugin does not run")
	}
	return config.Pid, nil
}

func (s *pluginSlot) call(context.Context) error { return s.plugged.increment(1) }

func (s *pluginSlot) hold(ctx context.Context) (func() error, error) {
	var done bool
	call := s.plugged.tasks.Go("Plugin.Hold", holdFor, &done, make(chan *rpc.Call, 1))
	select {
	case <-s.watch.seen:
		return func() error { return (<-call.Done).Error }, nil
	case <-call.Done:
		return nil, fmt.Errorf("hold ended: %w", call.Error)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// replace reaps the dead plugin and starts another.
func (s *pluginSlot) replace() error {
	s.plugged.client.Kill()
	return s.start()
}

func (s *pluginSlot) close() error {
	if s.plugged == nil {
		return nil
	}
	return endPlugins([]*plugged{s.plugged})
}
