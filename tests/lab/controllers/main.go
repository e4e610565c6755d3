// The real Argo CD as one program: `controllers server|application-controller|repo-server|cli …`, and the redis that its parts talk over.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alicebob/miniredis/v2"
	"github.com/spf13/cobra"

	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	apiserver "github.com/argoproj/argo-cd/v3/cmd/argocd-server/commands"
	cli "github.com/argoproj/argo-cd/v3/cmd/argocd/commands"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "controllers: server, application-controller, repo-server, cli or redis, and its flags")
		os.Exit(2)
	}
	name := os.Args[1]
	os.Args = append([]string{name}, os.Args[2:]...)
	switch name {
	case "server":
		run(apiserver.NewCommand())
	case "application-controller":
		run(controller.NewCommand())
	case "repo-server":
		run(reposerver.NewCommand())
	case "cli":
		run(cli.NewCommand())
	case "redis":
		redis(os.Args[1])
	default:
		fmt.Fprintf(os.Stderr, "controllers: there is no part %s\n", name)
		os.Exit(2)
	}
}

func run(command *cobra.Command) {
	command.SilenceUsage = true
	if command.Execute() != nil {
		os.Exit(1)
	}
}

// redis serves until it is told to end.
func redis(address string) {
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("ready")
	ending := make(chan os.Signal, 1)
	signal.Notify(ending, os.Interrupt, syscall.SIGTERM)
	<-ending
	server.Close()
}
