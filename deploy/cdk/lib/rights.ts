/** Actions of each statement, as fanout deploy grants them. A test compares them. */
const interfaces = ["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses"];

export const rights: Record<string, string[]> = {
  WriteLogs: ["logs:CreateLogStream", "logs:PutLogEvents"],
  ReadTargets: ["dynamodb:Query"],
  KeepLedger: ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Query"],
  PutMetrics: ["cloudwatch:PutMetricData"],
  PutTraces: ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
  FindNetwork: ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"],
  ManageInterfaces: interfaces,
  NetworkIsForLambdaAlone: [...interfaces, "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DetachNetworkInterface"],
  ReadKinesis: ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"],
  ReadDynamoDB: ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
  ListDynamoDBStreams: ["dynamodb:ListStreams"],
  AssumeRoles: ["sts:AssumeRole"],
  SendToFirehose: ["firehose:PutRecordBatch"],
  SendToIoT: ["iot:Publish"],
  SendToKinesis: ["kinesis:PutRecords"],
  SendToLambda: ["lambda:InvokeFunction"],
  SendToOpenSearch: ["es:ESHttpPost"],
  SendToSNS: ["sns:Publish"],
  SendToSQS: ["sqs:SendMessage"],
  ReadSecrets: ["secretsmanager:GetSecretValue"],
};
