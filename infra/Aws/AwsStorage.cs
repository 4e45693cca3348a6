using Pulumi;
using Pulumi.Aws.DynamoDB;
using Pulumi.Aws.DynamoDB.Inputs;
using Pulumi.Aws.Kms;
using Pulumi.Aws.S3;
using Pulumi.Aws.S3.Inputs;
using Pulumi.Aws.Ssm;

namespace Frazil.Infra;

/// <summary>What holds data: the table, the bucket, the root secret, and the key where one is asked for.</summary>
public sealed record AwsStorage(Table Table, Bucket Bucket, Parameter Secret, Key? Key)
{
    /// <summary>The folder of the bucket that the catalog's tables live in.</summary>
    public const string WarehousePrefix = "warehouse";

    private const int DaysToRestore = 35;
    private const int DaysOfUnfinishedUploads = 7;
    private const int DaysToUndeleteKey = 30;

    public static AwsStorage Declare(AwsOptions options, string prefix, Func<string> makeSecret)
    {
        var protect = new CustomResourceOptions { Protect = options.Common.DeletionProtection };
        var key = options.CustomerKey ? DeclareKey(prefix, protect) : null;
        return new AwsStorage(
            DeclareTable(options, prefix, key, protect),
            DeclareBucket(prefix, protect),
            DeclareSecret(options, prefix, key, makeSecret),
            key);
    }

    /// <summary>
    /// A key of one's own costs about a dollar a month and buys one thing: access to the rows and the root secret can be cut, and is seen, at the
    /// key. The bucket stays with S3's own keys: clients would need rights on the key in every vended session, and each read would ask KMS.
    /// </summary>
    private static Key DeclareKey(string prefix, CustomResourceOptions protect)
    {
        var key = new Key($"{prefix}-key", new KeyArgs
        {
            Description = "Frazil: the table and the root secret",
            EnableKeyRotation = true,
            DeletionWindowInDays = DaysToUndeleteKey,
        }, protect);
        _ = new Pulumi.Aws.Kms.Alias($"{prefix}-key-alias", new AliasArgs { Name = $"alias/{prefix}", TargetKeyId = key.KeyId });
        return key;
    }

    private static Table DeclareTable(AwsOptions options, string prefix, Key? key, CustomResourceOptions protect) => new($"{prefix}-table", new TableArgs
    {
        BillingMode = "PAY_PER_REQUEST",
        HashKey = DynamoDbSchema.HashKey,
        RangeKey = DynamoDbSchema.RangeKey,
        Attributes =
        {
            new TableAttributeArgs { Name = DynamoDbSchema.HashKey, Type = "S" },
            new TableAttributeArgs { Name = DynamoDbSchema.RangeKey, Type = "S" },
        },
        Ttl = new TableTtlArgs { AttributeName = DynamoDbSchema.End, Enabled = true },
        PointInTimeRecovery = new TablePointInTimeRecoveryArgs { Enabled = true, RecoveryPeriodInDays = DaysToRestore },
        ServerSideEncryption = new TableServerSideEncryptionArgs { Enabled = true, KmsKeyArn = key is null ? null : (Input<string>)key.Arn },
        DeletionProtectionEnabled = options.Common.DeletionProtection,
    }, protect);

    private static Bucket DeclareBucket(string prefix, CustomResourceOptions protect)
    {
        var bucket = new Bucket($"{prefix}-bucket", new BucketArgs { ForceDestroy = false }, protect);
        _ = new BucketPublicAccessBlock($"{prefix}-bucket-private", new BucketPublicAccessBlockArgs
        {
            Bucket = bucket.Id,
            BlockPublicAcls = true,
            BlockPublicPolicy = true,
            IgnorePublicAcls = true,
            RestrictPublicBuckets = true,
        });
        _ = new BucketOwnershipControls($"{prefix}-bucket-owner", new BucketOwnershipControlsArgs
        {
            Bucket = bucket.Id,
            Rule = new BucketOwnershipControlsRuleArgs { ObjectOwnership = "BucketOwnerEnforced" },
        });
        _ = new BucketServerSideEncryptionConfiguration($"{prefix}-bucket-encryption", new Pulumi.Aws.S3.BucketServerSideEncryptionConfigurationArgs
        {
            Bucket = bucket.Id,
            Rules =
            {
                new BucketServerSideEncryptionConfigurationRuleArgs
                {
                    ApplyServerSideEncryptionByDefault =
                        new BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs { SseAlgorithm = "AES256" },
                },
            },
        });
        _ = new BucketLifecycleConfiguration($"{prefix}-bucket-lifecycle", new BucketLifecycleConfigurationArgs
        {
            Bucket = bucket.Id,
            Rules =
            {
                new BucketLifecycleConfigurationRuleArgs
                {
                    Id = "unfinished-uploads",
                    Status = "Enabled",
                    Filter = new BucketLifecycleConfigurationRuleFilterArgs { Prefix = "" },
                    AbortIncompleteMultipartUpload =
                        new BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs { DaysAfterInitiation = DaysOfUnfinishedUploads },
                },
            },
        });
        _ = new BucketPolicy($"{prefix}-bucket-policy", new BucketPolicyArgs
        {
            Bucket = bucket.Id,
            Policy = bucket.Arn.Apply(arn => Policies.BucketOverTls(arn).ToJson()),
        });
        return bucket;
    }

    /// <summary>Parameter Store keeps a standard parameter for nothing; Secrets Manager asks for its rent while nobody calls.</summary>
    private static Parameter DeclareSecret(AwsOptions options, string prefix, Key? key, Func<string> makeSecret) => new(
        $"{prefix}-root-secret",
        new ParameterArgs
        {
            Name = $"/{prefix}/root-client-secret",
            Description = "Frazil: the client secret of the root principal",
            Type = ParameterType.SecureString,
            KeyId = key is null ? null : (Input<string>)key.KeyId,
            Value = RootSecret.Value(options.Common, makeSecret),
        },
        RootSecret.Kept(options.Common, "value"));
}
