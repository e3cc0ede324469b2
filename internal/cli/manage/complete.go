package manage

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/spf13/cobra"

	"fanout/internal/pages"
	"fanout/internal/provision/cloud"
)

// completionPatience bounds the time that a user waits for a completion.
const completionPatience = 2 * time.Second

// lister returns the possible values of a flag. If it fails, it returns the values
// found so far.
type lister func(ctx context.Context, a *cloud.Account) []string

// completeValues lets the shell complete names of resources in the account.
func (m *Command) completeValues(cmd *cobra.Command) {
	for flag, list := range map[string]lister{
		"function": FunctionNamesIn, "table": tableNamesIn, "ledger-table": tableNamesIn, "source": m.sourceNames, "id": m.targetIDs,
	} {
		if cmd.Flags().Lookup(flag) != nil {
			_ = cmd.RegisterFlagCompletionFunc(flag, m.complete(list))
		}
	}
}

// complete makes a completion from a lister. Without AWS it proposes nothing and prints
// nothing, because its output would disturb the shell.
func (m *Command) complete(list lister) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
		defer cancel()
		a, err := m.account(ctx, nil)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		all := slices.DeleteFunc(list(ctx, a), func(v string) bool { return !strings.HasPrefix(v, typed) })
		slices.Sort(all)
		return slices.Compact(all), cobra.ShellCompDirectiveNoFileComp
	}
}

// FunctionNamesIn lists the functions that may be fanout's, by their runtime.
func FunctionNamesIn(ctx context.Context, a *cloud.Account) []string {
	var all []string
	for page, err := range pages.Of(ctx, lambda.NewListFunctionsPaginator(a.Lambda(), &lambda.ListFunctionsInput{})) {
		if err != nil {
			return all
		}
		for _, f := range page.Functions {
			if f.Runtime == types.RuntimeProvidedal2023 {
				all = append(all, aws.ToString(f.FunctionName))
			}
		}
	}
	return all
}

func tableNamesIn(ctx context.Context, a *cloud.Account) []string {
	var all []string
	for page, err := range pages.Of(ctx, dynamodb.NewListTablesPaginator(a.DynamoDB(), &dynamodb.ListTablesInput{})) {
		if err != nil {
			return all
		}
		all = append(all, page.TableNames...)
	}
	return all
}

// sourceNames lists the possible values of --source for --source-type.
func (m *Command) sourceNames(ctx context.Context, a *cloud.Account) []string {
	switch m.sourceType {
	case "kinesis":
		return streamNamesIn(ctx, a)
	case "dynamodb":
		return tableNamesIn(ctx, a)
	case "sns":
		return topicNamesIn(ctx, a)
	case "sqs":
		return queueNamesIn(ctx, a)
	}
	return nil
}

func streamNamesIn(ctx context.Context, a *cloud.Account) []string {
	var all []string
	for page, err := range pages.Of(ctx, kinesis.NewListStreamsPaginator(a.Kinesis(), &kinesis.ListStreamsInput{})) {
		if err != nil {
			return all
		}
		all = append(all, page.StreamNames...)
	}
	return all
}

func topicNamesIn(ctx context.Context, a *cloud.Account) []string {
	var all []string
	for page, err := range pages.Of(ctx, sns.NewListTopicsPaginator(a.SNS(), &sns.ListTopicsInput{})) {
		if err != nil {
			return all
		}
		for _, t := range page.Topics {
			all = append(all, cloud.Name(aws.ToString(t.TopicArn)))
		}
	}
	return all
}

func queueNamesIn(ctx context.Context, a *cloud.Account) []string {
	var all []string
	for page, err := range pages.Of(ctx, sqs.NewListQueuesPaginator(a.SQS(), &sqs.ListQueuesInput{})) {
		if err != nil {
			return all
		}
		for _, url := range page.QueueUrls {
			all = append(all, url[strings.LastIndexByte(url, '/')+1:])
		}
	}
	return all
}

// targetIDs lists the targets of the source, or of all sources, each with a
// description.
func (m *Command) targetIDs(ctx context.Context, a *cloud.Account) []string {
	s, err := m.ReadTable(ctx, a)
	if err != nil {
		return nil
	}
	all := make([]string, len(s.Targets))
	for i := range s.Targets {
		t := &s.Targets[i]
		all[i] = cobra.CompletionWithDesc(t.ID, t.Text("type")+" "+t.Destination())
	}
	return all
}
