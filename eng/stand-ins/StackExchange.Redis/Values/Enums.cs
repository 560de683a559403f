namespace StackExchange.Redis;

[Flags]
public enum CommandFlags
{
    None = 0,
    HighPriority = 1,
    FireAndForget = 2,
    PreferMaster = 0,
    DemandMaster = 4,
    PreferReplica = 8,
    DemandReplica = 12,
    NoRedirect = 64,
    NoScriptCache = 512,
}

public enum When
{
    Always,
    Exists,
    NotExists,
}

public enum ExpireWhen
{
    Always,
    GreaterThanCurrentExpiry,
    HasExpiry,
    HasNoExpiry,
    LessThanCurrentExpiry,
}

[Flags]
public enum SortedSetWhen
{
    Always = 0,
    Exists = 1,
    GreaterThan = 2,
    LessThan = 4,
    NotExists = 8,
}

public enum Order
{
    Ascending,
    Descending,
}

[Flags]
public enum Exclude
{
    None = 0,
    Start = 1,
    Stop = 2,
    Both = 3,
}

public enum SetOperation
{
    Union,
    Intersect,
    Difference,
}

public enum RedisType
{
    None,
    String,
    List,
    Set,
    SortedSet,
    Hash,
    Stream,
    Unknown,
}

public enum RedisProtocol
{
    Resp2 = 2_00_00,
    Resp3 = 3_00_00,
}

public enum ServerType
{
    Standalone,
    Sentinel,
    Cluster,
    Twemproxy,
    Envoyproxy,
}

public enum StreamTrimMode
{
    KeepReferences,
    DeleteReferences,
    Acknowledged,
}

/// <summary>Shapes of a reply; values of RESP3 carry their RESP2 shape in the low three bits.</summary>
public enum ResultType : byte
{
    None = 0,
    SimpleString = 1,
    Error = 2,
    Integer = 3,
    BulkString = 4,
    Array = 5,
    MultiBulk = 5,
    Null = 8,
    Double = 9,
    BlobError = 10,
    Boolean = 11,
    VerbatimString = 12,
    Map = 13,
    BigInteger = 17,
    Set = 21,
    Attribute = 29,
    Push = 37,
}

public enum ConnectionType
{
    None,
    Interactive,
    Subscription,
}

public enum CommandStatus
{
    Unknown,
    WaitingToBeSent,
    Sent,
    WaitingInBacklog,
}

public enum ConnectionFailureType
{
    None,
    UnableToResolvePhysicalConnection,
    SocketFailure,
    AuthenticationFailure,
    ProtocolFailure,
    InternalFailure,
    SocketClosed,
    ConnectionDisposed,
    Loading,
    UnableToConnect,
    ResponseIntegrityFailure,
}
