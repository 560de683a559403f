namespace Workflows.Data.Database;

/// <summary>One statement of a migration without a transaction.</summary>
/// <param name="Text">The statement with the comments before it.</param>
/// <param name="PartitionsOf">
/// The table for each of whose partitions it runs, named <c>{partition}</c> in it; null = it runs once. PostgreSQL
/// builds no index of a
/// partitioned table concurrently: so those of the partitions are built first, and the table's then takes them over at
/// once.
/// </param>
internal sealed record MigrationStep(string Text, string? PartitionsOf)
{
    public bool IsConcurrent => Text.Contains(" concurrently ", StringComparison.Ordinal);

    public string For(string partition) => Text.Replace("{partition}", partition, StringComparison.Ordinal);

    /// <summary>Whether the statement makes the index of this name, for the partition that the name begins with where
    /// it is for each.</summary>
    public bool Names(string index) => PartitionsOf is null
        ? Text.Contains($" {index} ", StringComparison.Ordinal)
        : index.StartsWith(PartitionsOf, StringComparison.Ordinal) && Suffix is { } suffix
            && index.EndsWith(suffix, StringComparison.Ordinal);

    // What follows {partition} in the index's name.
    private string? Suffix => Text.Split("{partition}") is [_, var after, ..] ? after[..after.IndexOf(' ',
        StringComparison.Ordinal)] : null;
}
