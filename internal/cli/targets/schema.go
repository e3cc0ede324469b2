package targets

import (
	"github.com/spf13/cobra"

	"fanout/internal/cli/factory"
	"fanout/internal/cli/ui"
	"fanout/internal/provision/schema"
)

// NewSchema returns the command `fanout schema`.
func NewSchema(c *factory.Factory) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of targets files, for editors",
		Long: `Schema prints the JSON Schema (2020-12) of targets files. With it an editor completes the
attributes of a target and marks faults while you type. Save it beside your file, and
begin the file with this line:

  # yaml-language-server: $schema=schema.json

The schema has the types and stages that this command knows, including those of
extensions. It also refuses what is only a warning elsewhere, such as an unknown
attribute. It does not read jq programs and does not see links between targets; fanout
lint does.`,
		Example: `  fanout schema > schema.json`,
		Args:    ui.FlagsOnly,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := schema.Of(c.Catalog)
			if err != nil {
				return err
			}
			_, err = ui.Exact(cmd.OutOrStdout()).Write(text)
			return ui.Failed(err)
		},
	}
}
