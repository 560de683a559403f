using System.Text.Json;

namespace Workflows.Models;

/// <summary>Answers as the ledger keeps them.</summary>
internal static class RecordedAnswer
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static byte[] Write(ModelAnswer answer) => JsonSerializer.SerializeToUtf8Bytes(answer, Json);

    /// <summary>The answer again; this time it costs nothing.</summary>
    public static ModelAnswer Read(byte[] recorded) =>
        JsonSerializer.Deserialize<ModelAnswer>(recorded, Json)! with { IsRecorded = true };
}
