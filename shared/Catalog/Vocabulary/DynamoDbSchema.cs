namespace Frazil;

// This file stands alone (no other type of ours): the infrastructure program compiles it too, and makes the table that the store expects.

/// <summary>The keys of the DynamoDB table, both strings, and the attribute by which DynamoDB removes rows that have ended.</summary>
public static class DynamoDbSchema
{
    /// <summary>Name of the hash key: partition and folder of a row.</summary>
    public const string HashKey = "p";

    /// <summary>Name of the range key: a row's name in its folder.</summary>
    public const string RangeKey = "r";

    /// <summary>Name of the attribute for time to live: when a row ends, in seconds of Unix time.</summary>
    public const string End = "e";
}
