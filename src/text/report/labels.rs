//! Fixed words of the report: titles, column heads, field names, short phrases.

use crate::text::Lang;

/// Makes the enum of labels and its exhaustive match.
macro_rules! labels {
    ($($name:ident: $fr:literal, $en:literal;)+) => {
        /// A fixed word or phrase of the report.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Label { $(#[doc = $en] $name,)+ }

        /// A fixed word or phrase in one language.
        #[must_use]
        pub fn label(label: Label, lang: Lang) -> &'static str {
            match label { $(Label::$name => lang.pick($fr, $en),)+ }
        }
    };
}

labels! {
    // -- head
    Title: "Diagnostic réseau de l’école", "School network diagnostic";
    ServicesTitle: "Services de l’école : ce qui répond", "The school’s services: what answers";
    RadiosTitle: "Wi-Fi de l’école : ce qui est à portée", "The school’s Wi-Fi: what is in sight";
    RecordedNotice: "RELEVÉ WI-FI ENREGISTRÉ — lu dans un fichier : il ne dit rien de ce qui est à portée maintenant.",
        "RECORDED WI-FI SCAN — read from a file: it says nothing about what is in sight now.";
    School: "École", "School";
    SchoolUnnamed: "non précisée (--uai)", "not named (--uai)";
    SizeUnnamed: "taille non précisée (--size)", "size not given (--size)";
    Date: "Date", "Date";
    Demonstration: "DÉMONSTRATION — serveurs embarqués : ce rapport ne dit rien d’aucune école.",
        "DEMONSTRATION — embedded servers: this report says nothing about any school.";
    Partial: "MESURE PARTIELLE — interrompue avant la fin : ce qui manque est signalé.",
        "PARTIAL RUN — cut short: what is missing says so.";
    ProxyUnusable: "PROXY INUTILISABLE", "UNUSABLE PROXY";
    NoInternet: "PAS D’ACCÈS À INTERNET", "NO INTERNET ACCESS";
    NoNetwork: "PAS DE RÉSEAU — cette machine n’est reliée à aucun réseau : rien n’a pu être mesuré.",
        "NO NETWORK — this machine is connected to no network: nothing could be measured.";
    InternetUnchecked: "Accès à Internet non vérifié", "Internet access not checked";
    CaptivePortal: "PORTAIL CAPTIF — il répond à la place d’Internet ; s’y connecter, puis relancer.",
        "CAPTIVE PORTAL — it answers in the place of the Internet; log in to it, then run again.";
    ProxyPassword: "PROXY AVEC MOT DE PASSE — sans identifiant, rien ne sort ; le demander, puis relancer.",
        "PROXY WITH A PASSWORD — nothing gets out without it; ask for it, then run again.";
    ClockWrong: "HORLOGE FAUSSE — cette machine est décalée de", "WRONG CLOCK — this machine is off by";

    // -- sections
    Verdicts: "Verdicts", "Verdicts";
    Services: "Services", "Services";
    WhoActs: "Qui doit agir", "Who should act";
    Figures: "Mesures", "Figures";
    Method: "Méthode", "Method";
    FiguresNote: "Indicatif, sans seuil, sauf le débit descendant et les points d’accès, jugés plus haut.",
        "Indicative, without threshold, except the download rate and the access points, judged above.";

    // -- a verdict
    Measured: "Mesuré", "Measured";
    Threshold: "Seuil", "Threshold";
    Source: "Source", "Source";
    Level: "Niveau", "Level";
    Confidence: "Confiance", "Confidence";
    Counted: "Compté", "Counted";
    Reasons: "Pourquoi", "Why";
    Assumptions: "Hypothèses", "Assumptions";
    NoRate: "non mesuré", "not measured";
    NoAccessPoints: "non mesurés", "not measured";
    NoServices: "non vérifiés", "not checked";
    DependsOnSize: "selon la taille de l’école", "depends on the school’s size";
    ThresholdBySize: "seuil selon la taille de l’école", "threshold depends on the school’s size";
    NoThreshold: "sans seuil", "no threshold";
    Interval95: "intervalle à 95 %", "95% interval";
    ConfidenceNote: "hasard de la mesure seulement", "random error only";
    ThreeSizes: "Comparaison avec les trois tailles d’école", "Comparison with the three sizes of school";
    Size: "Taille", "Size";
    Verdict: "Verdict", "Verdict";
    NoVerdict: "Rien n’a été jugé dans cette mesure.", "Nothing was judged in this run.";
    WifiReminder: "Rappel : si le Wi-Fi a été allumé pour ce relevé, l’éteindre (loi n° 2015-136, art. 7).",
        "Reminder: if the Wi-Fi was switched on for this scan, switch it off (French law n° 2015-136, art. 7).";

    // -- services
    Family: "Famille", "Family";
    Service: "Service", "Service";
    State: "État", "State";
    WhoActsColumn: "Qui agit", "Who acts";
    Nobody: "—", "—";
    ServicesCaption: "Services à joindre depuis l’école", "Services to reach from the school";
    ServicesNote: "« Joignable » prouve le chemin réseau, pas les droits ni les abonnements.",
        "“Reachable” proves the network path, not rights or subscriptions.";
    NoTimes: "Aucun service n’a répondu.", "No service answered.";
    ServicesNotAsked: "Aucun service n’a été vérifié dans cette mesure.", "No service was checked in this run.";
    Failure: "échec", "failure";
    NotMeasured: "non mesuré", "not measured";
    StageReached: "étape", "stage";
    Issuer: "autorité du certificat", "certificate’s issuer";
    RedirectedTo: "renvoi vers", "redirected to";
    HttpStatus: "statut HTTP", "HTTP status";
    AnsweredBy: "hôte qui a répondu", "host that answered";
    ResolverAnswer: "réponse du résolveur", "the resolver’s answer";
    AddressTried: "adresse", "address";
    TriedTwice: "essayé deux fois", "tried twice";
    ShortTechnician: "technicien", "technician";
    ShortCommune: "commune", "commune";
    ShortOperator: "FAI", "operator";
    ShortFilter: "filtrage", "filter";
    ShortProvider: "éditeur", "provider";

    // -- figures
    Download: "Débit descendant", "Download rate";
    Upload: "Débit montant", "Upload rate";
    Latency: "Latence", "Latency";
    WpadFound: "Proxy annoncé (fichiers WPAD ou PAC), pour information", "Proxy announced (WPAD or PAC files), for information";
    NoneM: "aucun proxy nommé", "no proxy named";
    WithinSchool: "Débit dans l’école (jusqu’à la mire locale)", "Rate within the school (to the local server)";
    ToGateway: "Latence jusqu’à la box", "Latency to the box";
    WhileDownloading: "Pendant le téléchargement", "While downloading";
    WhileUploading: "Pendant l’envoi", "While uploading";
    Responsiveness: "Latence en charge", "Latency under load";
    Dns: "Résolveurs DNS", "DNS resolvers";
    Phases: "Temps de réponse des services", "Response times of the services";
    Wifi: "Wi-Fi", "Wi-Fi";
    Path: "Chemin jusqu’à la mire", "Path to the measurement server";
    Link: "Connexion de cette machine", "This machine’s connection";
    Internet: "Accès à Internet", "Internet access";
    IpRate: "Débit, couche IP", "Rate, IP layer";
    Goodput: "Débit utile", "Goodput";
    Transferred: "Volume transféré", "Transferred";
    Streams: "Connexions", "Connections";
    Stop: "Fin du transfert", "Transfer ended";
    LimitedBy: "Limité par", "Limited by";
    Repetitions: "Répétitions", "Repetitions";
    Notes: "À savoir", "Note";
    Median: "Médiane", "Median";
    Jitter: "Gigue", "Jitter";
    Loss: "Perte de paquets", "Packet loss";
    Extremes: "Plus courte, plus longue", "Shortest, longest";
    P95: "95 % sous", "95% below";
    TimedBy: "Mesurée par", "Timed by";
    UnknownF: "inconnue", "unknown";
    NotKnown: "non connu", "not known";
    NotKnownF: "non connue", "not known";
    NotKnownPlural: "non connus", "not known";
    None: "aucun", "none";
    NoneF: "aucune", "none";
    Resolver: "Résolveur", "Resolver";
    Answers: "Réponses", "Answers";
    Finding: "Constat", "Finding";
    SearchDomains: "Domaines de recherche", "Search domains";
    TimeServer: "Horloge, serveur de temps (NTP)", "Clock, time server (NTP)";
    FirstByte: "1er octet", "1st byte";
    ProxyColumn: "Proxy", "Proxy";
    BssidsSeen: "BSSID vus", "BSSIDs seen";
    SchoolNetworks: "Réseaux de l’école", "The school’s networks";
    SchoolBssids: "BSSID de l’école", "The school’s BSSIDs";
    AccessPoints: "Bornes estimées", "Estimated access points";
    DeclaredAps: "Bornes déclarées", "Declared access points";
    Declarative: "déclaratif", "declared, not measured";
    NoSuchNetwork: "Aucun réseau de ce nom n’est à portée : vérifier le nom, majuscules comprises, et que le Wi-Fi de l’école est allumé.",
        "No network of that name is in sight: check the name, upper and lower case included, and that the school’s Wi-Fi is on.";
    Neighbours: "Voisinage radio", "Radio neighbourhood";
    SchoolWifiState: "Wi-Fi de l’école", "The school’s Wi-Fi";
    FreshScan: "relevé fait pour cette mesure", "scanned for this run";
    RecordedScan: "écoute enregistrée, lue dans un fichier", "recorded scan, read from a file";
    CachedScan: "liste en mémoire du système", "the system’s remembered list";
    Scan: "Relevé", "Scan";
    AccessPoint: "Borne", "Access point";
    Network: "Réseau (SSID)", "Network (SSID)";
    Band: "Bande", "Band";
    Channel: "Canal", "Channel";
    Signal: "Signal", "Signal";
    Maker: "Fabricant", "Maker";
    Bands: "Bandes", "Bands";
    Generation: "Génération", "Generation";
    Security: "Sécurité", "Security";
    BssidFull: "BSSID", "BSSID";
    BoxesCaption: "Bornes estimées de l’école", "The school’s access points as estimated";
    RadioFindings: "À regarder (indicatif)", "Worth a look (indicative)";
    ChannelsUse: "Canaux de l’école (indicatif)", "The school’s channels (indicative)";
    WifiLink: "Cette machine est reliée", "This machine is connected";
    SeenCaption: "Émissions de l’école", "What the school’s access points send";
    SurveyDate: "Relevé du", "Surveyed on";
    RoomsCaption: "Pièces, dans l’ordre de la visite", "Rooms, in the order of the visit";
    Room: "Pièce", "Room";
    BestSignal: "Meilleur signal", "Best signal";
    HeardThere: "Bornes entendues", "Access points heard";
    NeighboursShort: "Voisins", "Others";
    Caveat: "Réserve", "Caveat";
    CachedShort: "liste gardée", "old list";
    PartialShort: "incomplet", "incomplete";
    HopsCaption: "Équipements traversés", "Hops";
    Hop: "Saut", "Hop";
    Address: "Adresse", "Address";
    RoundTrip: "Aller-retour", "Round trip";
    Silent: "pas de réponse", "no answer";
    TargetReached: "La mire a répondu.", "The measurement server answered.";
    TargetNotReached: "La mire elle-même n’a pas répondu à cette méthode.", "The server itself did not answer to this method.";
    Interface: "Interface", "Interface";
    Gateway: "Passerelle", "Gateway";
    Resolvers: "Résolveurs", "Resolvers";
    IpFamilies: "Protocoles IP", "IP families";
    Ipv6Missing: "IPv4 seulement (pas un défaut)", "IPv4 only (not a fault)";
    Ipv6Way: "IPv6 vers Internet", "IPv6 to the Internet";
    NoIp: "ni IPv4 ni IPv6", "neither IPv4 nor IPv6";
    Cpu: "Charge du processeur", "Processor load";
    Peak: "pointe", "peak";
    Mean: "moyenne", "mean";
    OtherTraffic: "Autres échanges", "Other traffic";
    OtherDown: "en réception", "received";
    OtherUp: "en émission", "sent";
    NotWatchedF: "non observée", "not watched";
    NotWatchedPlural: "non observés", "not watched";
    ControlsOk: "ouvert : au moins une cible de contrôle a répondu comme prévu",
        "open: at least one control target answered as it must";
    PortalAccess: "portail captif", "captive portal";
    ProxyAccess: "proxy avec mot de passe", "proxy wants a password";
    Portal: "portail", "portal";
    NotPlanned: "Non demandé dans cette mesure.", "Not asked for in this run.";
    NotMeasuredSentence: "Mesure impossible", "Not measured";
    FailedSentence: "Échec", "Failed";
    Detail: "détail", "detail";
    Tried: "essayé aussi", "also tried";
    ToDo: "À faire", "To do";
    CurveTitle: "Débit pendant le transfert", "Rate during the transfer";

    // -- method
    Down: "descendant", "down";
    Up: "montant", "up";
    OnePoint: "Mesure en un point et un instant : elle ne dit rien des autres heures ni des autres lieux.",
        "Measured at one point and one instant: it says nothing of other hours or places.";
    Started: "Début", "Started";
    Elapsed: "Durée", "Duration";
    Mire: "Mire (serveur de mesure)", "Measurement server";
    MireOperator: "Opérateur de la mire", "Its operator";
    Family4: "Protocole IP", "IP family";
    Protocol: "Protocole", "Protocol";
    WarmUp: "Montée en charge écartée", "Warm-up discarded";
    Estimator: "Estimateur", "Estimator";
    EstimatorText: "débit soutenu après la montée en charge, intervalle à 95 %",
        "sustained rate after the warm-up, 95% interval";
    DataByInterface: "sur l’interface pendant toute la mesure", "on the interface during the whole run";
    DataOwn: "par les transferts eux-mêmes", "by the transfers themselves";
    DataOwnAndProbes: "par les transferts et les sondes à côté", "by the transfers and the probes beside them";
    DataOwnAndProbesOnly: "transferts et sondes à côté, compte de l’interface non disponible",
        "transfers and the probes beside them, no count of the interface at hand";
    DataOwnOnly: "transferts seuls, compte de l’interface non disponible",
        "transfers alone, no count of the interface at hand";
    DataUsed: "Données échangées", "Data used";
    Received: "reçus", "received";
    Sent: "émis", "sent";
    LinkRate: "débit du lien", "link rate";
    Proxy: "Proxy", "Proxy";
    Interception: "Interception TLS", "TLS interception";
    InterceptionSeen: "vue", "seen";
    InterceptionNotSeen: "non vue", "not seen";
    Vpn: "VPN", "VPN";
    Yes: "oui", "yes";
    No: "non", "no";
    System: "Système", "System";
    Agent: "Agent", "Agent";
    Clock: "Horloge", "Clock";
    ClockSynchronised: "synchronisée, dit le système", "synchronised, says the system";
    ClockNotSynchronised: "non synchronisée, dit le système", "not synchronised, says the system";
    Offset: "écart", "offset";
    RuleFile: "Règle appliquée", "Rule applied";
    ReportId: "Rapport", "Report";
    OnlyOnce: "une seule mesure, dispersion inconnue", "measured once, dispersion unknown";
}
