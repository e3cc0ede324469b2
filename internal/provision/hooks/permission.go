package hooks

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
)

// permit lets a topic invoke the function. It reports whether the right is new.
func (h *Hooks) permit(ctx context.Context, topic string) (given bool, err error) {
	has, err := h.statements(ctx, topic)
	switch {
	case slices.ContainsFunc(has, func(id string) bool { return strings.HasPrefix(id, statementPrefix) }):
		return false, nil // hook gave it; rights from others may be narrower
	case err != nil && !awserr.IsDenied(err): // a caller without the right to look may have the right to give
		return false, err
	}
	if h.DryRun {
		return true, nil
	}
	id := statement(topic)
	_, err = h.Lambda.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: &h.Function, StatementId: &id, Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("sns.amazonaws.com"), SourceArn: &topic,
	})
	if err == nil {
		return true, nil
	}
	refused := fmt.Errorf("the topic %s cannot be allowed to invoke the function %q: %w", topic, h.Function, err)
	if !awserr.HasCode(err, "ResourceConflictException") {
		return false, refused
	}
	// A statement with this id exists; only its source shows whether it is this topic's.
	ids, err := h.statements(ctx, topic)
	switch {
	case err != nil:
		return false, err
	case len(ids) == 0:
		return false, fmt.Errorf("%w; the function's policy has a different statement %q", refused, id)
	}
	return false, nil
}

// takeBack removes the right that permit gave.
func (h *Hooks) takeBack(ctx context.Context, topic string) error {
	return h.remove(ctx, topic, statement(topic))
}

// remove removes a statement about a topic from the function's policy.
func (h *Hooks) remove(ctx context.Context, topic, id string) error {
	_, err := h.Lambda.RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: &h.Function, StatementId: &id})
	if err != nil && !awserr.IsMissing(err) {
		return fmt.Errorf("the right of %s to invoke the function %q cannot be removed: %w", topic, h.Function, err)
	}
	return nil
}

// forbid revokes a topic's right to invoke the function, if hook gave it.
func (h *Hooks) forbid(ctx context.Context, topic string) error {
	ids, err := h.statements(ctx, topic)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if !strings.HasPrefix(id, statementPrefix) {
			continue // hook did not give it
		}
		if err := h.remove(ctx, topic, id); err != nil {
			return err
		}
	}
	return nil
}

// statements returns the ids of the statements that let a topic invoke the function.
func (h *Hooks) statements(ctx context.Context, topic string) (ids []string, err error) {
	callers, err := cloud.Callers(ctx, h.Lambda, h.Function)
	if err != nil {
		return nil, err
	}
	for _, c := range callers {
		if c.Source == topic {
			ids = append(ids, c.Statement)
		}
	}
	return ids, nil
}

// statementPrefix begins the ids of the statements that hook writes.
const statementPrefix = "fanout-"

// statement returns the id of the topic's statement in the function's policy. It has up
// to 100 letters, digits, - and _ (Lambda API, AddPermission). The name is for readers;
// the hash separates topics whose names are alike or long.
func statement(topic string) string {
	name := strings.NewReplacer(":", "_", ".", "-").Replace(strings.TrimPrefix(topic, "arn:"))
	hash := fmt.Sprintf("-%x", sha256.Sum256([]byte(topic)))[:17]
	return statementPrefix + name[:min(len(name), 100-len(statementPrefix)-len(hash))] + hash
}
