using System.Text.Json;

namespace Workflows.Connectors;

/// <summary>Writes one value of a database as JSON.</summary>
/// <param name="text">As PostgreSQL writes it.</param>
internal delegate void SqlItemWriter(Utf8JsonWriter writer, ReadOnlySpan<byte> text);
