package doctor

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
)

// table checks the target table.
func (p *examination) table(ctx context.Context) []Finding {
	is := about{"table", cloud.Name(p.tableName)}
	if p.fromFile {
		is.subject = p.options.TargetsFile
		return []Finding{is.is(Unknown, "", "not checked: %v", p.targetsErr)}
	}
	found := p.checkTable(ctx, is, p.tableName, "sourceArn", "id")
	if found.Status != OK {
		return []Finding{found}
	}
	if p.targetsErr != nil {
		return []Finding{is.unknown(p.targetsErr)}
	}
	if len(p.targets) == 0 {
		return []Finding{is.warning(p.run("register", "TYPE", "--source-arn", "ARN", "--id", "ID", "--destination", "NAME", "--active", "true"), "it has no targets")}
	}
	active := 0
	for _, n := range p.activeFrom {
		active += n
	}
	return []Finding{is.ok("active targets: %d of %d", active, len(p.targets))}
}

// ledger checks the table in which instances of the function share delivered records.
func (p *examination) ledger(ctx context.Context) []Finding {
	if p.ledgerTable == "" {
		return nil
	}
	return []Finding{p.checkTable(ctx, about{"ledger", cloud.Name(p.ledgerTable)}, p.ledgerTable, "shard", "batch")}
}

// checkTable checks that a table is usable and has these keys, both strings.
func (p *examination) checkTable(ctx context.Context, is about, name, hash, sort string) Finding {
	out, err := p.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &name})
	switch {
	case awserr.IsMissing(err):
		return is.wrong(p.run("deploy"), "it does not exist")
	case err != nil:
		return is.unknown(err)
	}
	t := out.Table
	if t.TableStatus != types.TableStatusActive && t.TableStatus != types.TableStatusUpdating {
		return is.wrong("wait, or name another table: "+p.run("deploy", "--table", "NAME"), "it is %s", t.TableStatus)
	}
	keys := make(map[types.KeyType]string)
	for _, k := range t.KeySchema {
		keys[k.KeyType] = aws.ToString(k.AttributeName)
	}
	strings := make(map[string]bool)
	for _, a := range t.AttributeDefinitions {
		strings[aws.ToString(a.AttributeName)] = a.AttributeType == types.ScalarAttributeTypeS
	}
	if keys[types.KeyTypeHash] != hash || keys[types.KeyTypeRange] != sort || !strings[hash] || !strings[sort] {
		return is.wrong("name another table: "+p.run("deploy", "--table", "NAME"),
			"its keys are not %s (hash) and %s (range), both strings", hash, sort)
	}
	return is.ok("active")
}
