package stack

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanout/internal/awserr"
	"fanout/internal/provision/cloud"
)

// adjustTable updates the settings of an active table, and returns those that it wrote.
func (s *Stack) adjustTable(ctx context.Context, form tableForm, t *types.TableDescription) (changes []cloud.Change, err error) {
	for _, adjust := range []func(context.Context, tableForm, *types.TableDescription) (*cloud.Change, error){
		s.adjustBilling, s.adjustEncryption, s.adjustBackups, s.adjustExpiry,
	} {
		change, err := adjust(ctx, form, t)
		if err != nil {
			return changes, fmt.Errorf("the settings of the table %q cannot be updated: %w", *t.TableName, err)
		}
		if change != nil {
			changes = append(changes, *change)
		}
	}
	return changes, nil
}

func (s *Stack) adjustBilling(ctx context.Context, _ tableForm, t *types.TableDescription) (*cloud.Change, error) {
	if t.BillingModeSummary != nil && t.BillingModeSummary.BillingMode == types.BillingModePayPerRequest {
		return nil, nil
	}
	return s.updateTable(ctx, cloud.Changed("billing", string(types.BillingModeProvisioned), string(types.BillingModePayPerRequest)),
		&dynamodb.UpdateTableInput{TableName: t.TableName, BillingMode: types.BillingModePayPerRequest})
}

func (s *Stack) adjustEncryption(ctx context.Context, _ tableForm, t *types.TableDescription) (*cloud.Change, error) {
	if t.SSEDescription != nil && (t.SSEDescription.Status == types.SSEStatusEnabled || t.SSEDescription.Status == types.SSEStatusEnabling) {
		return nil, nil // any key will do
	}
	return s.updateTable(ctx, cloud.Changed("encryption", "with a key of DynamoDB", "with a key of the account"),
		&dynamodb.UpdateTableInput{TableName: t.TableName, SSESpecification: &types.SSESpecification{Enabled: aws.Bool(true)}})
}

// updateTable makes one change, the limit of UpdateTable, and waits until it is done.
func (s *Stack) updateTable(ctx context.Context, c cloud.Change, in *dynamodb.UpdateTableInput) (*cloud.Change, error) {
	if s.DryRun {
		return &c, nil
	}
	if _, err := s.Tables.UpdateTable(ctx, in); err != nil {
		return nil, err
	}
	_, err := s.activeTable(ctx, *in.TableName)
	return &c, err
}

func (s *Stack) adjustBackups(ctx context.Context, form tableForm, t *types.TableDescription) (*cloud.Change, error) {
	if !form.backups {
		return nil, nil
	}
	out, err := s.Tables.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: t.TableName})
	if err != nil {
		return nil, err
	}
	if d := out.ContinuousBackupsDescription; d != nil && d.PointInTimeRecoveryDescription != nil &&
		d.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled {
		return nil, nil
	}
	c := cloud.Changed("point-in-time recovery", "off", "on")
	if s.DryRun {
		return &c, nil
	}
	// A new table's backups take a while to enable. Until then, the call is refused as
	// unavailable (DynamoDB API, UpdateContinuousBackups).
	return &c, poll(ctx, waitLimit, fmt.Sprintf("point-in-time recovery of the table %q", *t.TableName), func() (bool, error) {
		_, err := s.Tables.UpdateContinuousBackups(ctx, &dynamodb.UpdateContinuousBackupsInput{
			TableName:                        t.TableName,
			PointInTimeRecoverySpecification: &types.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: aws.Bool(true)},
		})
		if awserr.HasCode(err, "ContinuousBackupsUnavailableException") {
			return false, nil
		}
		return true, err
	})
}

func (s *Stack) adjustExpiry(ctx context.Context, form tableForm, t *types.TableDescription) (*cloud.Change, error) {
	if form.expires == "" {
		return nil, nil
	}
	out, err := s.Tables.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: t.TableName})
	if err != nil {
		return nil, err
	}
	if d := out.TimeToLiveDescription; d != nil && (d.TimeToLiveStatus == types.TimeToLiveStatusEnabled || d.TimeToLiveStatus == types.TimeToLiveStatusEnabling) {
		return nil, nil
	}
	c := cloud.Changed("time to live", "off", form.expires)
	if s.DryRun {
		return &c, nil
	}
	_, err = s.Tables.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               t.TableName,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &form.expires, Enabled: aws.Bool(true)},
	})
	return &c, err
}

// noTargets is a DynamoDB client for which the target table is empty, as it will be when
// it is new.
type noTargets struct{ DynamoDBAPI }

// Scan implements registry.API.
func (noTargets) Scan(context.Context, *dynamodb.ScanInput, ...func(*dynamodb.Options)) (*dynamodb.ScanOutput, error) {
	return &dynamodb.ScanOutput{Items: []map[string]types.AttributeValue{}}, nil
}
