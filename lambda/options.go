package lambda

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"go.uber.org/zap/zapcore"

	"fanout/engine"
	"fanout/lambda/metrics"
	"fanout/lambda/target"
	"fanout/sinks"
	"fanout/sinks/builtin"
	"fanout/stages"
)

// Options configures the function. Zero values are not the defaults; start with
// DefaultOptions.
type Options struct {
	Table                   string          // FANOUT_TABLE: name or ARN of the target table
	TargetsFile             string          // FANOUT_TARGETS_FILE: read targets from this file instead
	ConfigTTL               time.Duration   // FANOUT_CONFIG_TTL: how long targets are cached; 0: read them for every event
	LedgerTable             string          // FANOUT_LEDGER_TABLE: name or ARN of the table where instances share which targets have which records; "": none
	OnFailure               string          // FANOUT_ON_FAILURE: ARN of the queue for records that a target without onFailure rejects; "": none
	IgnoreUnknownSource     bool            // FANOUT_UNKNOWN_SOURCE: acknowledge the records of a source without targets instead of failing them
	AllowFileTargets        bool            // FANOUT_ALLOW_FILE_TARGETS: let file targets of the table write below FileTargetsDir
	FileTargetsDir          string          // FANOUT_FILE_TARGETS_DIR
	Stdout                  bool            // let file targets write to standard output, which is the log in a function
	LedgerKey               string          // FANOUT_LEDGER_KEY: a secret that prevents forged ledger entries
	ReportBatchItemFailures bool            // FANOUT_REPORT_BATCH_ITEM_FAILURES: report the failed records instead of failing the batch
	InFlight                int             // FANOUT_IN_FLIGHT: requests in flight over all targets; the default is lower for small memory sizes
	LogLevel                zapcore.Level   // FANOUT_LOG_LEVEL
	DeadlineMargin          time.Duration   // FANOUT_DEADLINE_MARGIN: how long before the deadline sending stops
	NoVerifyTLS             bool            // do not verify the TLS certificates of caches and targets of type http
	PrivateHosts            bool            // FANOUT_HTTP_PRIVATE=allow: targets of type http may be inside a network
	Metrics                 metrics.Mode    // FANOUT_METRICS: where metrics go
	MetricsNamespace        string          // FANOUT_METRICS_NAMESPACE
	Tracing                 bool            // FANOUT_TRACING=xray: send a subsegment for each target to the X-Ray daemon
	TraceDaemon             string          // AWS_XRAY_DAEMON_ADDRESS: where the daemon listens; "": 127.0.0.1:2000
	Catalog                 *target.Catalog // types of targets; nil: the built-in ones
	FunctionName            string          // AWS_LAMBDA_FUNCTION_NAME: names the sessions of assumed roles, and the metrics
	Store                   target.Store    // where targets come from; nil: TargetsFile or Table

	// Only is the id of the only target that gets records; "": every active target does.
	Only string

	// Around, if set, wraps the sink of each target without faults. If the wrapper does not
	// call the sink it was given, the handler does everything except sending.
	Around func(*sinks.Spec, engine.Sink) engine.Sink
}

// catalog returns the types of targets that the function knows.
func (o *Options) catalog() *target.Catalog {
	if o.Catalog == nil {
		return Builtin()
	}
	return o.Catalog
}

// Builtin returns the catalog of the built-in types and stages.
func Builtin() *target.Catalog {
	return &target.Catalog{Types: builtin.Types(), Stages: stages.Types()}
}

// DefaultOptions returns the options for an empty environment.
func DefaultOptions() Options {
	return Options{
		ConfigTTL:        time.Minute,
		InFlight:         engine.DefaultInFlight,
		LogLevel:         zapcore.InfoLevel,
		DeadlineMargin:   time.Second,
		FileTargetsDir:   "/tmp", // the only folder a function can write to
		Metrics:          metrics.ModeCloudWatch,
		MetricsNamespace: metrics.DefaultNamespace,
		FunctionName:     "fanout",
	}
}

// FileDir returns the folder below which file targets of the table may write, or "" if they
// are not allowed.
func (o *Options) FileDir() string {
	if !o.AllowFileTargets {
		return ""
	}
	return o.FileTargetsDir
}

// A function with less than smallMemory, in MB, has smallInFlight requests in flight by
// default. A request to SQS or SNS holds up to 1 MiB, so 32 would fill the smallest memory.
// Lambda also scales processor time with memory. The smallest gets a seventh of a vCPU,
// which fewer requests keep busy.
const smallMemory, smallInFlight = 256, engine.DefaultInFlight / 2

// OptionsFrom reads Options from environment variables through getenv. Its error joins all
// faults. Each names the variable, its value and the expected form.
func OptionsFrom(getenv func(name string) string) (Options, error) {
	r := &optionReader{o: DefaultOptions(), getenv: getenv}
	r.targets()
	r.delivery()
	r.reports()
	if r.o.Table == "" {
		r.o.Table = r.o.FunctionName + "Targets"
	}
	return r.o, errors.Join(r.faults...)
}

// optionReader reads Options from variables.
type optionReader struct {
	o      Options
	getenv func(name string) string
	faults []error
}

// read sets an option if its variable is set. want describes valid values.
func (r *optionReader) read(name, want string, set func(value string) error) {
	if v := r.getenv(name); v != "" && set(v) != nil {
		r.faults = append(r.faults, fmt.Errorf("the variable %s is %q; it must be %s", name, v, want))
	}
}

// targets reads the place of the targets' configuration, and their rights.
func (r *optionReader) targets() {
	o := &r.o
	r.read("AWS_LAMBDA_FUNCTION_NAME", "a name", text(&o.FunctionName))
	r.read("FANOUT_TABLE", "the name or ARN of a table", text(&o.Table))
	r.read("FANOUT_TARGETS_FILE", "a file", text(&o.TargetsFile))
	r.read("FANOUT_CONFIG_TTL", `seconds or a duration, such as "60" or "1m"`, notNegative(&o.ConfigTTL))
	r.read("FANOUT_ALLOW_FILE_TARGETS", `"true" or "false"`, boolean(&o.AllowFileTargets))
	r.read("FANOUT_FILE_TARGETS_DIR", "the absolute path of a folder", func(v string) error {
		o.FileTargetsDir = v
		if !filepath.IsAbs(v) {
			return strconv.ErrSyntax
		}
		return nil
	})
	r.read("FANOUT_UNKNOWN_SOURCE", `"fail" or "ignore"`, func(v string) error {
		o.IgnoreUnknownSource = v == "ignore"
		if v != "fail" && v != "ignore" {
			return strconv.ErrSyntax
		}
		return nil
	})
}

// delivery reads the settings for delivery.
func (r *optionReader) delivery() {
	o := &r.o
	if memory, err := strconv.Atoi(r.getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")); err == nil && memory < smallMemory {
		o.InFlight = smallInFlight
	}
	r.read("FANOUT_LEDGER_TABLE", "the name or ARN of a table", text(&o.LedgerTable))
	r.read("FANOUT_LEDGER_KEY", "a text", text(&o.LedgerKey))
	r.read("FANOUT_ON_FAILURE", "the ARN of an SQS queue, such as arn:aws:sqs:eu-west-1:123456789012:failures", func(v string) error {
		o.OnFailure = v
		if !target.IsFailuresQueue(v) {
			return strconv.ErrSyntax
		}
		return nil
	})
	r.read("FANOUT_HTTP_PRIVATE", `"allow" or "refuse"`, func(v string) error {
		o.PrivateHosts = v == "allow"
		if v != "allow" && v != "refuse" {
			return strconv.ErrSyntax
		}
		return nil
	})
	r.read("FANOUT_DEADLINE_MARGIN", `seconds or a duration above zero, such as "1" or "500ms"`, func(v string) error {
		if err := notNegative(&o.DeadlineMargin)(v); err != nil || o.DeadlineMargin > 0 {
			return err
		}
		return strconv.ErrRange
	})
	r.read("FANOUT_REPORT_BATCH_ITEM_FAILURES", `"true" or "false"`, boolean(&o.ReportBatchItemFailures))
	r.read("FANOUT_IN_FLIGHT", "a whole number of at least 1", func(v string) (err error) {
		if o.InFlight, err = strconv.Atoi(v); err == nil && o.InFlight < 1 {
			err = strconv.ErrRange
		}
		return err
	})
}

// reports reads the settings for logs and metrics.
func (r *optionReader) reports() {
	o := &r.o
	r.read("FANOUT_LOG_LEVEL", `"debug", "info", "warn" or "error"`, func(v string) error {
		level, err := zapcore.ParseLevel(v)
		if err == nil && level > zapcore.ErrorLevel {
			err = strconv.ErrRange // zap has higher levels, which would hide errors
		}
		if err == nil {
			o.LogLevel = level
		}
		return err
	})
	r.read("FANOUT_METRICS", `"cloudwatch", "emf" or "none"`, func(v string) (err error) {
		o.Metrics, err = metrics.ParseMode(v)
		return err
	})
	r.read("FANOUT_TRACING", `"xray" or "none"`, func(v string) error {
		o.Tracing = v == "xray"
		if v != "xray" && v != "none" {
			return strconv.ErrSyntax
		}
		return nil
	})
	r.read("AWS_XRAY_DAEMON_ADDRESS", "an address", text(&o.TraceDaemon))
	r.read("FANOUT_METRICS_NAMESPACE", "a CloudWatch namespace, of 1 to 255 letters, digits and . - _ / # :", func(v string) error {
		o.MetricsNamespace = v
		return metrics.CheckNamespace(v)
	})
}

func text(p *string) func(string) error {
	return func(v string) error { *p = v; return nil }
}

func boolean(p *bool) func(string) error {
	return func(v string) (err error) {
		*p, err = strconv.ParseBool(v)
		return err
	}
}

func notNegative(p *time.Duration) func(string) error {
	return func(v string) (err error) {
		if *p, err = target.ParseDuration(v); err == nil && *p < 0 {
			err = strconv.ErrRange
		}
		return err
	}
}
