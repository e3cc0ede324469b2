package stack

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanout/internal/provision/cloud"
	"fanout/internal/provision/registry"
)

type fakeDynamoDB struct{ *fake }

// Of registry's calls this package makes only Scan.
var _ registry.API = fakeDynamoDB{}

func (f fakeDynamoDB) Query(context.Context, *dynamodb.QueryInput, ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	return nil, missing()
}

func (f fakeDynamoDB) Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	return &dynamodb.ScanOutput{Items: append([]map[string]types.AttributeValue{}, f.items...), Count: int32(len(f.items))}, f.call("Scan")
}

func (f fakeDynamoDB) TransactWriteItems(context.Context, *dynamodb.TransactWriteItemsInput, ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	return nil, missing()
}

func (f fakeDynamoDB) CreateTable(_ context.Context, in *dynamodb.CreateTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.CreateTableOutput, error) {
	if err := f.call("CreateTable"); err != nil {
		return nil, err
	}
	t := &table{tags: map[string]string{}}
	t.TableName, t.TableArn = in.TableName, aws.String("arn:aws:dynamodb:"+region+":"+account+":table/"+*in.TableName)
	t.KeySchema, t.AttributeDefinitions, t.TableStatus = in.KeySchema, in.AttributeDefinitions, types.TableStatusActive
	t.BillingModeSummary = &types.BillingModeSummary{BillingMode: in.BillingMode}
	t.SSEDescription = &types.SSEDescription{Status: types.SSEStatusEnabled}
	for _, tag := range in.Tags {
		t.tags[*tag.Key] = *tag.Value
	}
	f.tables[*in.TableName], f.pending = t, f.pending+2
	return &dynamodb.CreateTableOutput{}, nil
}

func (f fakeDynamoDB) DescribeTable(_ context.Context, in *dynamodb.DescribeTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.DescribeTableOutput, error) {
	if err := f.call("DescribeTable"); err != nil {
		return nil, err
	}
	t := f.tables[cloud.Name(*in.TableName)]
	if t != nil && t.leftOver > 0 {
		if t.leftOver--; t.leftOver == 0 {
			delete(f.tables, cloud.Name(*in.TableName))
		}
	}
	if t == nil {
		return nil, missing()
	}
	d := t.TableDescription
	if f.pending > 0 {
		f.pending--
		d.TableStatus = types.TableStatusCreating
	}
	return &dynamodb.DescribeTableOutput{Table: &d}, nil
}

func (f fakeDynamoDB) UpdateTable(_ context.Context, in *dynamodb.UpdateTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateTableOutput, error) {
	if err := f.call("UpdateTable"); err != nil {
		return nil, err
	}
	t := f.tables[*in.TableName]
	if in.BillingMode != "" {
		t.BillingModeSummary = &types.BillingModeSummary{BillingMode: in.BillingMode}
	}
	if in.SSESpecification != nil {
		t.SSEDescription = &types.SSEDescription{Status: types.SSEStatusEnabled}
	}
	f.pending = 1
	return &dynamodb.UpdateTableOutput{}, nil
}

func (f fakeDynamoDB) DeleteTable(_ context.Context, in *dynamodb.DeleteTableInput, _ ...func(*dynamodb.Options)) (*dynamodb.DeleteTableOutput, error) {
	if err := f.call("DeleteTable"); err != nil {
		return nil, err
	}
	f.tables[cloud.Name(*in.TableName)].leftOver = 2
	f.tables[cloud.Name(*in.TableName)].TableStatus = types.TableStatusDeleting
	return &dynamodb.DeleteTableOutput{}, nil
}

func (f fakeDynamoDB) DescribeContinuousBackups(_ context.Context, in *dynamodb.DescribeContinuousBackupsInput, _ ...func(*dynamodb.Options)) (*dynamodb.DescribeContinuousBackupsOutput, error) {
	if err := f.call("DescribeContinuousBackups"); err != nil {
		return nil, err
	}
	status := types.PointInTimeRecoveryStatusDisabled
	if f.tables[*in.TableName].pitr {
		status = types.PointInTimeRecoveryStatusEnabled
	}
	return &dynamodb.DescribeContinuousBackupsOutput{ContinuousBackupsDescription: &types.ContinuousBackupsDescription{
		PointInTimeRecoveryDescription: &types.PointInTimeRecoveryDescription{PointInTimeRecoveryStatus: status},
	}}, nil
}

func (f fakeDynamoDB) UpdateContinuousBackups(_ context.Context, in *dynamodb.UpdateContinuousBackupsInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateContinuousBackupsOutput, error) {
	if err := f.call("UpdateContinuousBackups"); err != nil {
		return nil, err
	}
	f.tables[*in.TableName].pitr = true
	return &dynamodb.UpdateContinuousBackupsOutput{}, nil
}

func (f fakeDynamoDB) DescribeTimeToLive(_ context.Context, in *dynamodb.DescribeTimeToLiveInput, _ ...func(*dynamodb.Options)) (*dynamodb.DescribeTimeToLiveOutput, error) {
	if err := f.call("DescribeTimeToLive"); err != nil {
		return nil, err
	}
	status := types.TimeToLiveStatusDisabled
	if f.tables[*in.TableName].ttl != "" {
		status = types.TimeToLiveStatusEnabled
	}
	return &dynamodb.DescribeTimeToLiveOutput{TimeToLiveDescription: &types.TimeToLiveDescription{TimeToLiveStatus: status}}, nil
}

func (f fakeDynamoDB) UpdateTimeToLive(_ context.Context, in *dynamodb.UpdateTimeToLiveInput, _ ...func(*dynamodb.Options)) (*dynamodb.UpdateTimeToLiveOutput, error) {
	if err := f.call("UpdateTimeToLive"); err != nil {
		return nil, err
	}
	f.tables[*in.TableName].ttl = *in.TimeToLiveSpecification.AttributeName
	return &dynamodb.UpdateTimeToLiveOutput{}, nil
}

func (f fakeDynamoDB) ListTagsOfResource(_ context.Context, in *dynamodb.ListTagsOfResourceInput, _ ...func(*dynamodb.Options)) (*dynamodb.ListTagsOfResourceOutput, error) {
	if err := f.call("ListTagsOfResource"); err != nil {
		return nil, err
	}
	var out dynamodb.ListTagsOfResourceOutput
	for k, v := range f.tables[cloud.Name(*in.ResourceArn)].tags {
		out.Tags = append(out.Tags, types.Tag{Key: aws.String(k), Value: aws.String(v)})
	}
	return &out, nil
}
