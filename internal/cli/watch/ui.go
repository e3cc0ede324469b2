package watch

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/manage"
	"fanout/internal/cli/ui"
	"fanout/internal/console"
	"fanout/internal/provision/cloud"
	"fanout/internal/provision/status"
)

// mostPort is the highest port number.
const mostPort = 65535

// NewUI returns the command `fanout ui`.
func NewUI(c *factory.Factory) *cobra.Command {
	l := look{Command: manage.Command{Factory: c}}
	var port int
	cmd := &cobra.Command{
		Use:   "ui",
		Short: "Show a function's status as a web page on this machine",
		Long: `UI shows what fanout status shows as a web page, of the last hour instead of 15 minutes:
the way of the records as a picture, with plots of their age and of the records that each
target got, and the reason of each failure. The page changes nothing, loads nothing from
elsewhere, and needs the same rights as fanout status.

UI prints the address of the page. It listens on 127.0.0.1 alone, and the address has a
token, without which the page shows nothing; so keep the address to yourself. The page
asks AWS once in --interval, however many tabs show it, and never when none does.`,
		Example: `  fanout ui --function fanout
  fanout ui --last 3h --port 8080`,
		Args: ui.FlagsOnly,
	}
	l.lookFlags(cmd, time.Hour, "the page")
	l.Flags.IntVar(&port, "port", 0, "listen on this `PORT` (default: any that is free)")
	check := func() error {
		if port < 0 || port > mostPort {
			return fmt.Errorf("--port is %d; it must be 0 to %d", port, mostPort)
		}
		return l.check()
	}
	l.Work(cmd, check, func(ctx context.Context, a *cloud.Account) error {
		r := l.reader(cmd, a)
		if _, err := r.Read(ctx); err != nil { // a wrong name shows here, not on the page
			return err
		}
		return serve(ctx, cmd, r, port, l.interval)
	})
	return cmd
}

// serve serves the page until ctx ends.
func serve(ctx context.Context, cmd *cobra.Command, r *status.Reader, port int, interval time.Duration) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return fmt.Errorf("the page cannot listen on port %d: %w; name another one with --port", port, err)
	}
	page := console.Console{Read: r.Read, Every: interval, Late: r.Late}
	return page.Serve(ctx, listener, func(url string) {
		fmt.Fprintln(cmd.OutOrStdout(), url)
		fmt.Fprintln(cmd.ErrOrStderr(), "fanout: open this address in a browser; Ctrl-C ends the page")
	})
}
