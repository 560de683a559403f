namespace Workflows.Peers;

/// <summary>Another engine, with its own database on the server that the platform uses.</summary>
internal interface IPeer
{
    string Name { get; }

    /// <summary>The packages it comes of; their versions are printed.</summary>
    IReadOnlyList<Type> Packages { get; }

    /// <summary>How it is set up, for the page of figures.</summary>
    string Settings { get; }

    /// <summary>Measures it from an empty database.</summary>
    /// <exception cref="InvalidOperationException">The results are not all there: the run does not count.</exception>
    Task RunAsync(PeerBed bed);
}
