package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fanout/internal/cli/ui"
)

// flagError explains a faulty flag in one sentence.
func flagError(cmd *cobra.Command, err error) error {
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		if e.GetSpecifiedShortnames() != "" {
			return fmt.Errorf("no such flag of %s: -%s", cmd.CommandPath(), e.GetSpecifiedName())
		}
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		return fmt.Errorf("no such flag of %s: --%s%s", cmd.CommandPath(), e.GetSpecifiedName(), ui.DidYouMean("--", e.GetSpecifiedName(), names))
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return fmt.Errorf("--%s needs a value", e.GetSpecifiedName())
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		if c, ok := e.GetFlag().Value.(ui.Chooser); ok {
			return fmt.Errorf("--%s is %q; it must be %s", e.GetFlag().Name, e.GetValue(), ui.Refused(e.GetFlag(), c, e.GetValue()))
		}
		if why := ui.Unreadable(err); why != "" {
			return fmt.Errorf("--%s: %s", e.GetFlag().Name, why)
		}
		hint := ""
		if e.GetFlag().Value.Type() == "bool" {
			hint = ui.DidYouMean("", e.GetValue(), []string{"true", "false"})
		}
		return fmt.Errorf("--%s is %q; it must be %s%s", e.GetFlag().Name, e.GetValue(), values[e.GetFlag().Value.Type()], hint)
	}
	return err
}

// values describes the values of flags by their type.
var values = map[string]string{
	"bool":          "true or false",
	"duration":      "seconds such as 90, or a duration such as 90s or 5m",
	"durationSlice": "seconds or durations such as 0,1s,5s",
	"float64":       "a number",
	"int":           "a whole number",
	"int32":         "a whole number",
	"intSlice":      "whole numbers such as 100,1000",
	"seconds":       "whole seconds such as 90, or a duration such as 90s or 5m",
}

// otherNames maps the names of commands in other tools to commands of fanout.
var otherNames = map[string]string{
	"add": "register", "create": "register", "check": "doctor", "delete": "unregister", "remove": "unregister",
	"rm": "unregister", "ls": "list", "show": "list", "get": "list", "describe": "list", "edit": "update", "set": "update",
	"enable": "activate", "disable": "deactivate", "subscribe": "hook", "unsubscribe": "unhook", "start": "resume", "stop": "pause",
	"watch": "status", "monitor": "status", "top": "status", "console": "ui", "dashboard": "ui",
	"validate": "lint", "install": "deploy", "uninstall": "destroy", "simulate": "tune", "import": "apply",
}

// knownCommand refuses arguments of a command that only has subcommands.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if listed(c) {
			names = append(names, c.Name())
		}
	}
	hint := ui.DidYouMean("", args[0], names)
	if name := otherNames[args[0]]; name != "" && cmd == cmd.Root() {
		hint = "; did you mean " + name + "?"
	}
	return fmt.Errorf("no such command: %s %s%s", cmd.CommandPath(), args[0], hint)
}

// setHelpCommand describes `help`, and makes it refuse unknown commands.
func setHelpCommand(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, _ := root.Find([]string{"help"}) // it was just added
	help.Short = "Show the help of a command"
	help.Long = `Help shows the description and the flags of a command, like --help.`
	help.Example = "  fanout help run"
	help.Args = func(_ *cobra.Command, args []string) error {
		cmd, rest, err := root.Find(args)
		if err != nil {
			return err
		}
		return knownCommand(cmd, rest)
	}
}
