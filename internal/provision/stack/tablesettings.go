package stack

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"fanout/internal/awserr"
)

// adjustTable updates the settings of an active table, and reports whether it wrote
// any.
func (s *Stack) adjustTable(ctx context.Context, form tableForm, t *types.TableDescription) (changed bool, err error) {
	for _, adjust := range []func(context.Context, tableForm, *types.TableDescription) (bool, error){
		s.adjustBilling, s.adjustEncryption, s.adjustBackups, s.adjustExpiry,
	} {
		wrote, err := adjust(ctx, form, t)
		if err != nil {
			return changed, fmt.Errorf("the settings of the table %q cannot be updated: %w", *t.TableName, err)
		}
		changed = changed || wrote
	}
	return changed, nil
}

func (s *Stack) adjustBilling(ctx context.Context, _ tableForm, t *types.TableDescription) (bool, error) {
	if t.BillingModeSummary != nil && t.BillingModeSummary.BillingMode == types.BillingModePayPerRequest {
		return false, nil
	}
	return s.updateTable(ctx, &dynamodb.UpdateTableInput{TableName: t.TableName, BillingMode: types.BillingModePayPerRequest})
}

func (s *Stack) adjustEncryption(ctx context.Context, _ tableForm, t *types.TableDescription) (bool, error) {
	if t.SSEDescription != nil && (t.SSEDescription.Status == types.SSEStatusEnabled || t.SSEDescription.Status == types.SSEStatusEnabling) {
		return false, nil // any key will do
	}
	return s.updateTable(ctx, &dynamodb.UpdateTableInput{TableName: t.TableName, SSESpecification: &types.SSESpecification{Enabled: aws.Bool(true)}})
}

// updateTable makes one change, the limit of UpdateTable, and waits until it is done.
func (s *Stack) updateTable(ctx context.Context, in *dynamodb.UpdateTableInput) (bool, error) {
	if _, err := s.Tables.UpdateTable(ctx, in); err != nil {
		return false, err
	}
	_, err := s.activeTable(ctx, *in.TableName)
	return true, err
}

func (s *Stack) adjustBackups(ctx context.Context, form tableForm, t *types.TableDescription) (bool, error) {
	if !form.backups {
		return false, nil
	}
	out, err := s.Tables.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: t.TableName})
	if err != nil {
		return false, err
	}
	if d := out.ContinuousBackupsDescription; d != nil && d.PointInTimeRecoveryDescription != nil &&
		d.PointInTimeRecoveryDescription.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled {
		return false, nil
	}
	// A new table's backups take a while to enable. Until then, the call is refused as
	// unavailable (DynamoDB API, UpdateContinuousBackups).
	return true, poll(ctx, waitLimit, fmt.Sprintf("point-in-time recovery of the table %q", *t.TableName), func() (bool, error) {
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

func (s *Stack) adjustExpiry(ctx context.Context, form tableForm, t *types.TableDescription) (bool, error) {
	if form.expires == "" {
		return false, nil
	}
	out, err := s.Tables.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: t.TableName})
	if err != nil {
		return false, err
	}
	if d := out.TimeToLiveDescription; d != nil && (d.TimeToLiveStatus == types.TimeToLiveStatusEnabled || d.TimeToLiveStatus == types.TimeToLiveStatusEnabling) {
		return false, nil
	}
	_, err = s.Tables.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               t.TableName,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &form.expires, Enabled: aws.Bool(true)},
	})
	return true, err
}
