package function

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"fanout/internal/cli/ui"
	"fanout/internal/provision/alarms"
	"fanout/internal/provision/stack"
	"fanout/lambda"
)

// checkFlags checks the flags before any resource is made.
func (d *deploy) checkFlags() error {
	d.unusedRuntime()
	if role := d.FunctionName() + "Role"; len(role) > 64 && d.role == "" && d.roleARN == "" {
		return fmt.Errorf("the name of the role, %q, is longer than the 64 characters that IAM allows; choose a name with --exec-role", role)
	}
	for _, t := range []struct{ flag, name string }{{"table", d.Table}, {"ledger-table", d.ledger}} {
		if t.name != "" && !strings.HasPrefix(t.name, "arn:") && !tableNames.MatchString(t.name) {
			return fmt.Errorf("--%s is %q; the name of a table must have 3 to 255 letters, digits, dots, - and _", t.flag, t.name)
		}
	}
	if d.rollback {
		for _, name := range slices.Concat(settingFlagNames, []string{"package", "failures-queue", "alarms", "exec-role", "exec-role-arn", "table", "table-arn"}) {
			if d.IsSet(name) {
				return fmt.Errorf("--rollback changes only the code, so it cannot go with --%s; run fanout deploy again for the settings", name)
			}
		}
	}
	if d.failures != "" && !strings.HasPrefix(d.failures, "arn:") && !queueNames.MatchString(d.failures) {
		return fmt.Errorf("--failures-queue is %q; the name of a queue must have 1 to 80 letters, digits, - and _, with .fifo at its end for a FIFO queue", d.failures)
	}
	switch {
	case d.memory < 128 || d.memory > 10_240:
		return fmt.Errorf("--memory is %d; it must be 128 to 10240 MB", d.memory)
	case d.timeout < 1 || d.timeout > 900:
		return fmt.Errorf("--timeout is %d; it must be 1 to 900 seconds", d.timeout)
	case d.IsSet("subnet") != d.IsSet("security-group") || (len(d.subnets) == 0) != (len(d.securityGroups) == 0):
		return errors.New("a function in a VPC needs both --subnet and --security-group; add the one that is missing")
	case d.retention != 0 && !slices.Contains(stack.Retentions, d.retention):
		return fmt.Errorf("--log-retention is %d; CloudWatch Logs allows 0 (forever) and %s", d.retention, strings.Trim(fmt.Sprint(stack.Retentions), "[]"))
	}
	return errors.Join(d.checkFailures(), d.checkAlarms(""), checkVariables(d.environment))
}

// checkFailures checks the ARN of the queue for failures with the function's own code.
func (d *deploy) checkFailures() error {
	if !strings.HasPrefix(d.failures, "arn:") {
		return nil
	}
	_, err := lambda.OptionsFrom(func(name string) string {
		if name == "FANOUT_ON_FAILURE" {
			return d.failures
		}
		return ""
	})
	if err != nil {
		return fmt.Errorf("--failures-queue is %q; it must be a name, or the ARN of an SQS queue, such as arn:aws:sqs:eu-west-1:123456789012:failures", d.failures)
	}
	return nil
}

// checkAlarms checks the topic for alarms of a function in a region; "": it is unknown yet.
func (d *deploy) checkAlarms(region string) error {
	if d.alarms == "" {
		return nil
	}
	if err := alarms.CheckTopic(d.alarms, region); err != nil {
		return fmt.Errorf("--alarms: %w", err)
	}
	return nil
}

// tableNames matches the table names that DynamoDB accepts (DynamoDB developer guide,
// Naming rules).
var tableNames = regexp.MustCompile(`^[a-zA-Z0-9_.-]{3,255}$`)

// settingFlagNames are the flags of settingFlags.
var settingFlagNames = []string{"ledger-table", "memory", "timeout", "subnet", "security-group", "architecture", "env", "tracing", "log-retention"}

// queueNames matches the queue names that SQS accepts (SQS API, CreateQueue).
var queueNames = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,80}$|^[a-zA-Z0-9_-]{1,75}\.fifo$`)

var variableNames = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)

// checkVariables checks variables, each NAME=VALUE, with the function's own code.
func checkVariables(pairs []string) error {
	known := make(map[string]bool)
	all := variables(pairs)
	_, err := lambda.OptionsFrom(func(name string) string {
		known[name] = true
		return all[name]
	})
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		switch {
		case !ok || name != "_HANDLER" && name != "_X_AMZN_TRACE_ID" && !variableNames.MatchString(name):
			return fmt.Errorf("--env is %q; it must be NAME=VALUE", pair)
		case reserved(name):
			return fmt.Errorf("--env cannot set %s, because Lambda reserves it; remove it", name)
		case name == "FANOUT_TABLE":
			return errors.New("--env cannot set FANOUT_TABLE; use --table")
		case name == "FANOUT_LEDGER_TABLE":
			return errors.New("--env cannot set FANOUT_LEDGER_TABLE; use --ledger-table")
		case name == "FANOUT_ON_FAILURE":
			return errors.New("--env cannot set FANOUT_ON_FAILURE; use --failures-queue")
		case strings.HasPrefix(name, "FANOUT_") && !known[name] && value != "": // a misspelled variable may be removed
			return fmt.Errorf("the function has no variable %s%s", name, ui.DidYouMean("", name, slices.Sorted(maps.Keys(known))))
		}
	}
	return err
}

// reserved reports whether Lambda refuses a variable (Lambda guide, Defined runtime
// environment variables, Reserved).
func reserved(name string) bool {
	return slices.Contains([]string{
		"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
		"AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_VERSION",
		"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
		"AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
		"AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_MAX_CONCURRENCY", "AWS_LAMBDA_METADATA_API", "AWS_LAMBDA_METADATA_TOKEN",
		"LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
	}, name)
}

// variables splits NAME=VALUE pairs.
func variables(pairs []string) map[string]string {
	all := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		all[name] = value
	}
	return all
}
