namespace Frazil;

// This file stands alone (no other type of ours): the infrastructure program compiles it too, and makes the table that the store expects.

/// <summary>The keys of the DynamoDB table, both strings.</summary>
public static class DynamoDbSchema
{
    /// <summary>Name of the hash key: partition and folder of a row.</summary>
    public const string HashKey = "p";

    /// <summary>Name of the range key: a row's name in its folder.</summary>
    public const string RangeKey = "r";
}
