package archtest

// The keys of these lists are FILE:FUNCTION, with the path from the root of the
// repository and TYPE.METHOD for a method. The values are reasons.

// goAllowed lists functions that start a goroutine with a bare go statement.
// The reason says who ends the goroutine and who joins it.
var goAllowed = map[string]string{
	"local.go:Local.goLocked":  "a runner ends when it retires; Close waits until none is left",
	"runner.go:runner.survive": "takes over from a goroutine that its task has ended, and ends as runners do",
}

// envAllowed lists functions that read the environment although they are not in
// cmd, worker or examples. Only packages in envAllowedIn may be listed.
var envAllowed = map[string]string{
	"command/executor.go:New":            "programs get the environment of this program, which the parent passes on",
	"process/executor.go:refuseInWorker": "recognises a worker whose program did not call worker.Main, and tells its parent",
	"process/launch.go:Executor.command": "workers get the environment of this program, which the parent passes on",
}

// envAllowedIn are the packages that give an environment to other programs.
var envAllowedIn = []string{"process", "command", "python"}
