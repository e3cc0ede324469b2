// Package extension adds a stage and a type of target to fanout.
package extension

import (
	"fanout/lambda"

	"example.com/extension/mask"
	"example.com/extension/webhook"
)

// Extension returns the additions of this module. fanout build calls it.
func Extension() []lambda.Extension {
	return []lambda.Extension{lambda.WithStage(mask.Stage), lambda.WithTarget(webhook.Target)}
}
