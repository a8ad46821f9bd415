package main

import (
	"errors"
	"fmt"
	"net/rpc"
	"os"
	"os/exec"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
)

// handshake is what a plugin and its user must agree on. Its variable in the
// environment makes this program a plugin.
var handshake = plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "TANDEM_BENCH_PLUGIN", MagicCookieValue: "net/rpc"}

// pluginName is what the one thing that the plugin offers is called.
const pluginName = "tasks"

// pluginTasks is increment and hold, served over net/rpc. It is the
// plugin.Plugin of both sides.
type pluginTasks struct{}

func (pluginTasks) Server(*plugin.MuxBroker) (any, error) { return pluginTasks{}, nil }

func (pluginTasks) Client(_ *plugin.MuxBroker, c *rpc.Client) (any, error) { return c, nil }

// Increment is the trivial task.
func (pluginTasks) Increment(n int, value *int) error {
	*value = trivial(n)
	return nil
}

// Hold says on standard error that it runs, and then waits to be killed.
func (pluginTasks) Hold(d time.Duration, _ *bool) error {
	fmt.Fprintln(os.Stderr, holding)
	time.Sleep(d)
	return nil
}

// servePlugin makes this process a plugin, until its user ends it.
func servePlugin() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: handshake,
		Plugins:         plugin.PluginSet{pluginName: pluginTasks{}},
		Logger:          hclog.NewNullLogger(),
	})
}

// plugged is a plugin process and the connection to it.
type plugged struct {
	client *plugin.Client
	tasks  *rpc.Client
}

// startPlugin starts a plugin and connects to it. stderr gets what it writes
// there.
func startPlugin(stderr *lineWatch) (*plugged, error) {
	config := &plugin.ClientConfig{
		HandshakeConfig: handshake,
		Plugins:         plugin.PluginSet{pluginName: pluginTasks{}},
		Cmd:             exec.Command(executable()),
		Logger:          hclog.NewNullLogger(),
	}
	if stderr != nil {
		config.SyncStderr = stderr
	}
	client := plugin.NewClient(config)
	tasks, err := dispense(client)
	if err != nil {
		client.Kill()
		return nil, err
	}
	return &plugged{client, tasks}, nil
}

func dispense(client *plugin.Client) (*rpc.Client, error) {
	protocol, err := client.Client()
	if err != nil {
		return nil, err
	}
	tasks, err := protocol.Dispense(pluginName)
	if err != nil {
		return nil, err
	}
	return tasks.(*rpc.Client), nil
}

// increment calls the trivial task and checks its value.
func (p *plugged) increment(n int) error {
	var value int
	if err := p.tasks.Call("Plugin.Increment", n, &value); err != nil {
		return err
	}
	if value != n+1 {
		return fmt.Errorf("increment(%d) = %d", n, value)
	}
	return nil
}

func startPlugins(n int) ([]*plugged, error) {
	var clients []*plugged
	for range n {
		p, err := startPlugin(nil)
		if err != nil {
			return nil, errors.Join(err, endPlugins(clients))
		}
		clients = append(clients, p)
	}
	return clients, nil
}

// endPlugins ends the processes and waits for them. It may be called again.
func endPlugins(clients []*plugged) error {
	for _, p := range clients {
		p.client.Kill()
	}
	return nil
}
