package archtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"fanout/engine"
	"fanout/extra/kafka"
	"fanout/internal/tune"
	"fanout/lambda"
	"fanout/sinks"
	"fanout/sinks/builtin"
	"fanout/sinks/builtin/setup"
)

var made = aws.Config{Region: "eu-west-1", Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "made-up", SecretAccessKey: "made-up"}, nil
})}

// nowhere is an environment whose sinks are asked for their limits and send nothing.
type nowhere struct{}

func (nowhere) Stdout() bool               { return true }
func (nowhere) VerifyTLS() bool            { return true }
func (nowhere) AWS(*sinks.Spec) aws.Config { return made }
func (nowhere) PrivateHosts() bool         { return false }
func (nowhere) Secret(string, func(string) error) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return "", nil }
}
func (nowhere) Credentials(string) func(context.Context) (string, string, error) {
	return func(context.Context) (string, string, error) { return "", "", nil }
}

// TestTypesHavePages asserts that docs/targets has a page for each type of target, as its
// descriptor has it. -update writes the pages.
func TestTypesHavePages(t *testing.T) {
	dir := filepath.Join("..", "..", "docs", "targets")
	var index strings.Builder
	index.WriteString(indexHead)
	types := append(builtin.Types(), kafka.Type)
	for _, typ := range types {
		page, row := targetPage(t, typ)
		index.WriteString(row)
		checkPage(t, filepath.Join(dir, typ.Name+".md"), page)
	}
	checkPage(t, filepath.Join(dir, "README.md"), index.String())
	pages, err := filepath.Glob(filepath.Join(dir, "*.md"))
	if err != nil || len(pages) != len(types)+1 {
		t.Errorf("docs/targets has %d pages for %d types (%v)", len(pages), len(types), err)
	}
}

func checkPage(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s is not what the code says (%v); run go test ./internal/archtest -run TestTypesHavePages -update", path, err)
	}
}

const indexHead = `# Types of targets

One page for each type. The pages are made from the code, by ` + "`go test ./internal/archtest -run TestTypesHavePages -update`" + `.
The attributes that every type has are in the [README](../../README.md#targets).

| type | destination | records in a request | bytes in a request | largest record |
|---|---|---|---|---|
`

var entry = regexp.MustCompile(`(?ms)^  - sourceArn: .*?(?:\n\n|\z)`)

// example returns the target with the name of a type as id in examples/targets/all.yaml, as text
// and read. The example of an extension is in its own folder.
func example(t *testing.T, typ *sinks.Type) (text string, spec *sinks.Spec) {
	t.Helper()
	path := filepath.Join("..", "..", "examples", "targets", "all.yaml")
	if typ == kafka.Type {
		path = filepath.Join("..", "..", "examples", "kafka", "targets.yaml")
	}
	catalog, err := lambda.CatalogWith(kafka.Extension()...)
	if err != nil {
		t.Fatal(err)
	}
	file, err := catalog.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all, err := file.All()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	entries := entry.FindAllString(string(data), -1)
	if len(entries) != len(all) {
		t.Fatalf("%s has %d entries and %d targets", path, len(entries), len(all))
	}
	for i := range all {
		if all[i].ID != typ.Name {
			continue
		}
		text, _, _ := strings.Cut(strings.TrimSpace(entries[i]), "\n\n")
		for k := range all { // the target that onFailure names is part of the example
			if all[k].ID == all[i].Spec.OnFailure && all[k].Spec.SourceARN == all[i].Spec.SourceARN {
				text += "\n\n  " + strings.TrimSpace(entries[k])
			}
		}
		return "targets:\n  " + text, &all[i].Spec
	}
	t.Fatalf("%s has no %s", path, typ)
	return "", nil
}

func targetPage(t *testing.T, typ *sinks.Type) (page, row string) {
	t.Helper()
	text, spec := example(t, typ)
	own := *spec
	own.Role, own.ExternalID, own.BatchRecords, own.BatchBytes, own.MaxRecordBytes, own.Aggregate = "", "", 0, 0, 0, false
	sink, err := typ.Open(nowhere{}, &own)
	if err != nil {
		t.Fatal(err)
	}
	l := sink.Limits()
	if c, ok := sink.(interface{ Close() error }); ok {
		defer c.Close()
	}
	words, ok := typeWords[typ.Name]
	if !ok {
		t.Fatalf("typeWords lacks %s", typ)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", typ.Name, words.what)
	fmt.Fprintf(&b, "**Destination:** %s.", typ.Destination)
	if len(typ.Aliases) > 0 {
		fmt.Fprintf(&b, " The type may also be written `%s`.", strings.Join(typ.Aliases, "`, `"))
	}
	if a := setup.Of(typ); a.LookUp != nil {
		fmt.Fprintf(&b, " `fanout register` also takes the name of the %s and looks it up.", a.What)
	}
	fmt.Fprintf(&b, "\n\n```yaml\n%s\n```\n\n", text)
	writeLimits(&b, typ, l, words)
	writeAttributes(&b, typ)
	own.Aggregate = spec.Aggregate
	writeRights(t, &b, typ, &own)
	fmt.Fprintf(&b, "## After a retry\n\n%s\n\n", words.again)
	writeFigures(t, &b, typ)
	b.WriteString("[All types](README.md)\n")
	row = fmt.Sprintf("| [%s](%s.md) | %s | %s | %s | %s |\n", typ, typ, typ.Destination, count(l.Records), size(l.Bytes), size(largest(l)))
	return b.String(), row
}

func largest(l engine.Limits) int {
	if l.RecordBytes == 0 {
		return l.Bytes
	}
	return l.RecordBytes
}

func count(n int) string {
	if n == 0 {
		return "any number"
	}
	return fmt.Sprint(n)
}

func size(n int) string {
	switch {
	case n == 0:
		return "any"
	case n%(1<<20) == 0:
		return fmt.Sprint(n>>20, " MiB")
	case n%(1<<10) == 0:
		return fmt.Sprint(n>>10, " KiB")
	case n%1_000_000 == 0:
		return fmt.Sprint(n/1_000_000, " MB")
	}
	return fmt.Sprint(n, " bytes")
}

func writeLimits(b *strings.Builder, typ *sinks.Type, l engine.Limits, words words) {
	fmt.Fprintf(b, "## One request\n\n%s\n\n| limit | |\n|---|---|\n", words.request)
	fmt.Fprintf(b, "| records in a request | %s |\n| bytes in a request | %s |\n| largest record | %s |\n", count(l.Records), size(l.Bytes), size(largest(l)))
	if typ.MaxRecordBytes > largest(l) {
		fmt.Fprintf(b, "| largest record with `maxRecordBytes`, if the destination takes it | %s |\n", size(typ.MaxRecordBytes))
	}
	b.WriteString("\n`batchRecords` and `batchBytes` lower the size of a request.\n\n## Order\n\n")
	switch {
	case typ.Cache:
		b.WriteString("Always in order of the key, because an older value must not replace a newer one. `parallel` has no effect.\n\n")
	case typ.Items:
		b.WriteString("In order of the key with `parallel: false`, with `key`, and always for a DynamoDB source. Otherwise without order.\n\n")
	default:
		b.WriteString("Without order by default. `parallel: false` sends the records of a key in order: [order](../order.md).")
		if words.order != "" {
			b.WriteString(" " + words.order)
		}
		b.WriteString("\n\n")
	}
	if l.OnePerKey {
		b.WriteString("The service may take a later record of a request and refuse an earlier one. In order, a request therefore holds at most one\nrecord of a key.\n\n")
	}
}

func writeAttributes(b *strings.Builder, typ *sinks.Type) {
	b.WriteString("## Attributes of this type\n\n")
	none := true
	for _, a := range []struct {
		has         bool
		name, means string
	}{
		{typ.Collapse, "collapse", "`JSON` (default), `none`, `concat` or `concat-b64`: how records become a message"},
		{typ.Concat, "collapse", "`none` (default) or `concat`, which joins records"},
		{typ.Compress, "compress", "`gzip` or `zstd`: [compression](../compression.md)"},
		{typ.Aggregate, "aggregate", "`true` packs records as the Kinesis Producer Library does: [aggregates](../aggregate.md)"},
		{typ.Messages, "subject", "the subject of each message"},
		{typ.Messages, "attributes", "attributes of each message: [messages](../transform.md#messages)"},
		{typ.Groups, "group", "the message group in a standard queue"},
		{typ.Replica, "tombstone", "TTL attribute of the tombstones of deleted items, `fanout:expires` by default; `none` deletes items: [tombstones](../tables.md#tombstones)"},
		{typ.HTTP, "headers", "an object of strings, the same for each request"},
		{typ.HTTP, "auth", "`bearer`, `basic`, `oauth2`, `hmac`, `sigv4` or `none` (default): [web servers](../http.md#auth)"},
		{typ.HTTP, "secret", "ARN of the Secrets Manager secret with the credentials: [its JSON](../http.md#auth)"},
		{typ.HTTP, "rateLimit", "requests a second of each instance of the function; any number by default"},
		{typ.Cache, "ttl", "seconds, or a duration, that a value is kept; forever by default"},
		{typ.Cache || typ == kafka.Type, "secret", "ARN of the Secrets Manager secret with user and password"},
	} {
		if a.has {
			none = false
			fmt.Fprintf(b, "- `%s`: %s\n", a.name, a.means)
		}
	}
	if none {
		b.WriteString("None.\n")
	}
	b.WriteString("\n")
}

func writeRights(t *testing.T, b *strings.Builder, typ *sinks.Type, s *sinks.Spec) {
	t.Helper()
	b.WriteString("## Rights\n\n")
	if typ.Rights == nil {
		b.WriteString("No IAM rights: fanout reaches it without AWS credentials.")
		if typ.Cache {
			b.WriteString(" With `secret`, the function needs\n`secretsmanager:GetSecretValue` on the secret.")
		}
		b.WriteString("\n\n")
		return
	}
	rights, err := typ.Rights(sinks.Place{Partition: "aws", Region: "eu-west-1", Account: "123456789012"}, s)
	if err != nil {
		t.Fatal(err)
	}
	if len(rights) == 0 {
		b.WriteString("With `secret`, the function needs `secretsmanager:GetSecretValue` on the secret. With `auth: sigv4` it needs\n`execute-api:Invoke` on the method, or `lambda:InvokeFunctionUrl`. `fanout deploy` grants both.\n\n")
		return
	}
	b.WriteString("`fanout deploy` grants them for the destinations in the table, and `fanout policy` prints them. For the example:\n\n```json\n{\"Version\": \"2012-10-17\", \"Statement\": [")
	for i, r := range rights {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(b, "\n  {\"Sid\": %q, \"Effect\": \"Allow\", \"Action\": %q, \"Resource\": %q}", r.Sid, strings.Join(r.Actions, ", "), r.Resource)
	}
	b.WriteString("\n]}\n```\n\nFor a destination in another account, name a `role` of that account, and its `externalId` if it has one. That role needs the\nstatement above, with its account in the ARN. The function's role then needs only `sts:AssumeRole` on that role.\n`fanout policy --trust` prints the rights that the owner of the other account must grant.\n\n")
}

func writeFigures(t *testing.T, b *strings.Builder, typ *sinks.Type) {
	t.Helper()
	prices, err := tune.LoadPrices("")
	if err != nil {
		t.Fatal(err)
	}
	latencies, err := tune.LoadLatencies("")
	if err != nil {
		t.Fatal(err)
	}
	b.WriteString("## Price and latency\n\n")
	if _, known := latencies.Targets[typ.Name]; !known {
		b.WriteString("Brokers are paid by the hour and by what they store, not by request. `fanout tune` has no figures for them.\n\n")
		return
	}
	fmt.Fprintf(b, "`fanout tune` assumes, with the list prices of %s in %s:\n\n", prices.Region, prices.Date)
	for _, name := range []string{typ.Name, typ.Name + ".fifo"} {
		p, priced := prices.Targets[name]
		for _, c := range p.Charges {
			fmt.Fprintf(b, "- `%s`: $%g for %s\n", name, c.Price, chargeWords(c))
		}
		if priced && len(p.Charges) == 0 {
			fmt.Fprintf(b, "- `%s`: no charge for a request; the server is %s\n", name, p.Source)
		}
		if l, ok := latencies.Targets[name]; ok {
			fmt.Fprintf(b, "- `%s`: a request takes %s at the median, %s at the 99th percentile", name, ms(l.P50), ms(l.P99))
			if l.PerMiB > 0 {
				fmt.Fprintf(b, ", and %s more for each MiB", ms(l.PerMiB))
			}
			b.WriteString("\n")
		}
	}
	b.WriteString("\n")
}

func ms(s tune.Seconds) string { return fmt.Sprintf("%g ms", float64(s)*1000) }

func chargeWords(c tune.Charge) string {
	switch {
	case c.Of == "gb" && c.Unit > 0:
		return fmt.Sprintf("a GB, each record rounded up to %s", size(c.Unit))
	case c.Of == "gb":
		return "a GB"
	case c.Unit > 0:
		return fmt.Sprintf("a million %ss, counted in units of %s", c.Of, size(c.Unit))
	}
	return fmt.Sprintf("a million %ss", c.Of)
}
