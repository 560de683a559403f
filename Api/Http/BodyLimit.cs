namespace Workflows.Api.Http;

/// <summary>Of a route: how many bytes its body has at most, refused before more is read. Routes without it take
/// <see cref="Limits.BodyBytes"/>.</summary>
/// <param name="Bytes">As they are sent.</param>
internal sealed record BodyLimit(int Bytes);
