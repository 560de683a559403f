using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Workflows.Api.Http;

namespace Workflows.Api.Embeddings;

/// <summary>What a vector and what stands beside it must be.</summary>
internal static partial class EmbeddingChecks
{
    // The database multiplies in single precision: beyond, a cosine is no number.
    private const double Shortest = 1e-10;
    private const double Longest = 1e10;

    public static Problem? Type(string contentType) => TypeForm().IsMatch(contentType)
        ? null
        : Problem.Invalid(
            "/contentType",
            "A content type is a small letter and then small letters, digits, _ and -, at most "
                + $"{Limits.EmbeddingNameLength}.");

    public static Problem? Batch(PutEmbeddingItem[] items)
    {
        if (items.Length is 0 or > Limits.EmbeddingBatch)
        {
            return Problem.Invalid(
                "/embeddings", $"There are 1 to {Limits.EmbeddingBatch} vectors in a call.", "COUNT");
        }

        var checks = new Checks();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < items.Length; i++)
        {
            Item(checks, $"embeddings/{i}/", items[i]);
            if (!ids.Add(items[i].ContentId))
            {
                checks.Add($"embeddings/{i}/contentId", "TWICE", "The id stands there twice.");
            }
        }

        return checks.Problem;
    }

    public static Checks Item(Checks checks, string prefix, PutEmbeddingItem item)
    {
        checks.Name($"{prefix}contentId", item.ContentId, Limits.EmbeddingIdLength)
            .Text($"{prefix}text", item.Text, Limits.EmbeddingTextLength);
        Vector(checks, $"{prefix}vector", item.Vector);
        return Metadata(checks, $"{prefix}metadata", item.Metadata);
    }

    public static Problem? Search(SearchEmbeddingsRequest wanted)
    {
        var checks = new Checks();
        Vector(checks, "vector", wanted.Vector);
        Metadata(checks, "metadata", wanted.Metadata);
        if (wanted.Limit is < 1 or > Limits.EmbeddingHits)
        {
            checks.Add("limit", "RANGE", $"'limit' lies between 1 and {Limits.EmbeddingHits}.");
        }

        if (wanted.Threshold is < -1 or > 1)
        {
            checks.Add("threshold", "RANGE", "'threshold' lies between -1 and 1.");
        }

        return Type(wanted.ContentType) ?? checks.Problem;
    }

    /// <summary>The metadata as the database takes it; without any, an empty object.</summary>
    public static byte[] Bytes(RawJson? metadata) => Encoding.UTF8.GetBytes(metadata?.Text ?? "{}");

    private static void Vector(Checks checks, string field, float[] vector)
    {
        if (vector.Length is 0 or > Limits.EmbeddingDimensions)
        {
            checks.Add(field, "DIMENSION", $"A vector has 1 to {Limits.EmbeddingDimensions} numbers.");
        }
        else if (Array.FindIndex(vector, number => !float.IsFinite(number)) is var place and >= 0)
        {
            checks.Add($"{field}/{place}", "NOT_FINITE", "The number is too large for single precision.");
        }
        else if (Array.TrueForAll(vector, number => number == 0))
        {
            checks.Add(field, "ZERO", "A vector of zeros has no direction.");
        }
        else if (LengthOf(vector) is < Shortest or > Longest)
        {
            checks.Add(field, "SCALE", "The vector's length lies outside of 1e-10 to 1e10: bring it to length one.");
        }
    }

    private static double LengthOf(float[] vector) => Math.Sqrt(vector.Sum(number => (double)number * number));

    private static Checks Metadata(Checks checks, string field, RawJson? metadata)
    {
        if (metadata?.Text is not { } text)
        {
            return checks;
        }

        using var document = JsonDocument.Parse(text);
        return document.RootElement.ValueKind != JsonValueKind.Object
            ? checks.Add(field, "TYPE", $"'{field}' is an object.")
            : Encoding.UTF8.GetByteCount(text) > Limits.EmbeddingMetadataBytes
                ? checks.Add(field, "TOO_LONG", $"'{field}' has at most {Limits.EmbeddingMetadataBytes} bytes.")
                : checks;
    }

    [GeneratedRegex("^[a-z][a-z0-9_-]{0,99}$")]
    private static partial Regex TypeForm();
}
