# Above 450 lines because it contains long lists of words.
"""Lists of words that the importer looks for: kickers, roles, verbs of saying, places."""

from babel import Locale


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _lines(words: str) -> frozenset[str]:
    return frozenset(line.strip() for line in words.strip().splitlines())


# Kickers in lower case, and the kind of release that each announces.
KICKERS = {
    phrase: kind
    for kind, phrases in {
        "press_release": (
            "press release",
            "press releases",
            "news release",
            "news releases",
            "media release",
            "media releases",
            "press release news",
            "communiqué de presse",
            "communiqués de presse",
            "comunicado de prensa",
            "comunicados de prensa",
            "nota de prensa",
            "comunicado de imprensa",
            "nota à imprensa",
            "comunicato stampa",
            "pressemitteilung",
            "pressemitteilungen",
            "persbericht",
            "pressmeddelande",
            "pressemeddelelse",
            "pressemelding",
            "tiedote",
            "lehdistötiedote",
            "informacja prasowa",
            "komunikat prasowy",
            "tisková zpráva",
            "sajtóközlemény",
            "comunicat de presă",
            "nota de premsa",
            "siaran pers",
            "بیانیه مطبوعاتی",
            "basın açıklaması",
            "пресс-релиз",
            "прес-реліз",
            "δελτίο τύπου",
            "新闻稿",
            "新聞稿",
            "بيان صحفي",
        ),
        "statement": (
            "statement",
            "statements",
            "public statement",
            "press statement",
            "media statement",
            "joint statement",
            "official statement",
            "déclaration",
            "déclaration publique",
            "declaración",
            "declaración pública",
            "declaração",
            "erklärung",
            "stellungnahme",
            "заявление",
            "заява",
            "声明",
            "聲明",
            "بيان",
        ),
        "comment": (
            "comment",
            "comments",
            "press comment",
            "media comment",
            "reaction",
            "reactions",
            "comentario",
            "commentaire",
            "kommentar",
        ),
        "media_advisory": (
            "media advisory",
            "media advisories",
            "press advisory",
            "press advisories",
            "advisory",
            "media alert",
            "press invitation",
            "media invitation",
            "invitation to the press",
            "photo opportunity",
            "photocall",
            "avis aux médias",
            "convocatoria de prensa",
            "invitación a medios",
        ),
    }.items()
    for phrase in phrases
}
RELEASE_LINES = _lines("""
    for release
    for immediate release
    immediate release
    for immediate distribution
    for immediate use
    pour diffusion immédiate
    para publicación inmediata
    para divulgação imediata
    zur sofortigen veröffentlichung
""")
# Words that may surround a date on a separate line.
DATE_LINE_WORDS = _set("""
    posted date dated published released issued updated release press news on of publication at
    publié le du publicado publicada el em vom den am stand gmt utc bst cet est edt et local time
""")

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan janvier enero janeiro januar jänner"
            " gennaio januari января січня stycznia يناير",
            "february feb février fevrier febrero fevereiro februar"
            " febbraio februari февраля лютого lutego فبراير",
            "march mar mars marzo março märz maerz maart marts марта березня marca مارس",
            "april apr avril abril aprile апреля квітня kwietnia أبريل إبريل",
            "may mai mayo maio maggio mei maj мая травня maja مايو",
            "june jun juin junio junho juni giugno июня червня czerwca يونيو",
            "july jul juillet julio julho juli luglio июля липня lipca يوليو",
            "august aug août aout agosto augustus augusti августа серпня sierpnia أغسطس",
            "september sept sep septembre septiembre setembro"
            " settembre сентября вересня września سبتمبر",
            "october oct octobre octubre outubro oktober okt"
            " ottobre октября жовтня października أكتوبر",
            "november nov novembre noviembre novembro ноября листопада listopada نوفمبر",
            "december dec décembre decembre diciembre dezembro dezember dez"
            " dicembre декабря грудня grudnia ديسمبر",
        ),
        start=1,
    )
    for name in names.split()
}
# Months in one language that are given names in another: Maja Beispiel, Mei Fong.
MONTHS_OR_NAMES = _set("maja mei")
WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            "monday mon lundi lunes segunda-feira montag",
            "tuesday tue tues mardi martes terça-feira dienstag",
            "wednesday wed mercredi miércoles quarta-feira mittwoch",
            "thursday thu thur thurs jeudi jueves quinta-feira donnerstag",
            "friday fri vendredi viernes sexta-feira freitag",
            "saturday sat samedi sábado samstag sonnabend",
            "sunday sun dimanche domingo sonntag",
        )
    )
    for name in names.split()
}

# Roles: nouns in the singular, in lower case. A name directly after one is a person’s name.
ROLES = _set("""
    academic activist actor actress administrator admiral adviser advisor advocate aide airman
    ally ambassador analyst archbishop architect artist assistant athlete attorney aunt author
    ayatollah baron baroness bishop blogger boss boy brigadier broadcaster brother businessman
    businesswoman campaigner candidate captain cardinal caretaker cartoonist celebrity chair
    chairman chairperson chairwoman chancellor chaplain chief child cinematographer citizen
    cleric client co-chair co-director co-founder coach colleague colonel columnist commander
    commentator commissioner commodore composer comrade congressman congresswoman constable
    consul contributor coordinator correspondent cosponsor co-sponsor correspondent counsel
    counsellor counterpart councillor
    councilman councilwoman countryman couple cousin critic curator dame daughter dean defendant
    defender deputy designer detainee developer dictator diplomat director dissident doctor
    driver duchess duke economist editor educator emir emperor employee engineer entrepreneur
    envoy executive exile expert farmer father fellow fiancé fiancée fighter filmmaker fisherman
    foreigner founder friend general girl governor graduate grandfather grandmother grandson
    guard guest head headteacher hero historian host hostage human husband imam immigrant inmate
    inspector interpreter investigator jailer journalist judge jurist justice king labourer laureate
    lawmaker lawyer leader lecturer legislator lieutenant linguist lord magistrate magnate major
    man manager marshal martyr mayor mediator medic member mentor merchant migrant militant
    minister mogul monarch monk moderator mother motorist mp mep msp mufti mullah musician national
    neighbour neighbor nephew niece novelist nun nurse officer official ombudsman operator
    opponent orphan owner painter partner pastor patient patriarch peer performer philanthropist
    philosopher photographer physician pilot playwright poet policeman policewoman politician
    pope preacher premier president priest prince princess principal prisoner producer professor
    programmer prosecutor protester protestor publisher pupil rabbi rapper rapporteur rector
    refugee reporter representative researcher resident rival ruler sailor scholar scientist
    secretary secretary-general senator sergeant sheikh sheik singer sister soldier solicitor son
    speaker specialist spokesman spokesperson spokeswoman sportsman sponsor statesman strategist
    student successor sultan superintendent supervisor supporter surgeon survivor suspect
    taoiseach teacher teenager tourist translator treasurer trustee tycoon uncle unionist vendor
    vicar vice vice-chair vice-president vice-chairman veteran victim villager volunteer warden
    whistleblower widow widower wife witness woman worker writer youth
    président présidente ministre secrétaire directeur directrice porte-parole fondateur
    fondatrice avocat avocate journaliste militant militante chercheur chercheuse défenseur
    défenseure responsable sénateur maire juge
    presidente presidenta ministro ministra secretario secretaria director directora portavoz
    fundador fundadora abogado abogada periodista activista investigador investigadora defensor
    defensora senador senadora alcalde alcaldesa juez jueza
    secretário secretária diretor diretora porta-voz advogado advogada jornalista ativista
    pesquisador pesquisadora prefeito juiz
    präsident präsidentin minister ministerin sekretär generalsekretär generalsekretärin direktor
    direktorin sprecher sprecherin gründer gründerin anwalt anwältin journalistin aktivistin
    mr mrs ms miss mx dr prof sir sen sens rep reps gov gen rev hon lt col capt sgt maj adm amb
    st he hh m mme mlle señor señora sr sra dona don herr frau daw
""")
# Words inside titles: “Deputy Prime Minister” is not a name.
TITLE_BEGINNINGS = _set("prime foreign vice chief attorney deputy executive managing assistant "
                        "under permanent acting interim")  # fmt: skip
# Things done to people, as verbs and as nouns with “of”. A name after one is a person’s name.
DONE_TO_PEOPLE = _set("""
    abducted abducting arrest arrested arresting assassinated assassinating charged charging
    convicted convicting deport deported deporting detain detained detaining execute executed
    executing expelled extradite extradited extraditing free freed freeing imprisoned imprisoning
    jail jailed jailing kidnapped killed murdered prosecuted prosecuting release released releasing
    sentenced sentencing tortured torturing
""")
DONE_OF_PEOPLE = _set("""
    abduction appointment arrest assassination beating birth case conviction death deaths
    deportation detention
    disappearance execution extradition family friends harassment imprisonment jailing killing
    murder nomination nominations parents passing prosecution release sentencing supporters
    torture trial
""")
# Forms of address: they do not describe a person.
HONORIFICS = _set("mr mrs ms miss mx dr prof sir dame lord lady m mme mlle señor señora sr sra "
                  "don dona herr frau he hh st")  # fmt: skip
ABBREVIATIONS = _set("mr mrs ms mx dr prof sen sens rep reps gov gen rev hon lt col capt sgt maj "
                     "adm amb st jr sr messrs no inc ltd co corp dept mt ft jan feb mar apr aug "
                     "sept sep oct nov dec u.s u.n u.k d.c e.g i.e")  # fmt: skip
SUFFIXES = _set("jr sr ii iii iv jr. sr.")
PARTICLES = _set("de del della der den di da do dos das du la le van von ten ter bin ibn bint ben "
                 "abu al el ul ur zu y e")  # fmt: skip

SPEECH_VERBS = _set("""
    said says say told tells added adds commented comments stated states explained explains
    warned warns
    dit dira déclaré déclare ajouté affirmé expliqué dijo declaró afirmó señaló añadió explicó
    disse declarou afirmou acrescentou explicou sagte sagt erklärte betonte
""")
# Verbs of saying only next to a quotation mark or a colon: elsewhere they have other meanings.
SPEECH_VERBS_BESIDE_A_QUOTE = _set("""
    concluded continued noted remarked emphasized emphasised stressed declared insisted argued
    replied responded observed recalled wrote reiterated asked urged claimed testified announced
    tweeted reflected recounted acknowledged pledged vowed promised countered lamented cautioned
    contended asserted affirmed opined saying adding stating
""")
# A listener follows these, not the speaker: “asked Ana Brask”.
SPEECH_VERBS_WITH_LISTENER = _set("told tells asked urged warned warns recalled")

# A run of capitalised words with one of these is an institution, a law, a place or an event.
INSTITUTION_WORDS = _set("""
    academy accord act action administration affairs agency agenda agreement aid airport alliance
    amendment americans amnesty archive archives army article assembly asset association authority
    authorities avenue award awards bank banking base battle bay beach bill board boulevard branch
    bridge brigade broadcasting budget building bureau business cabinet camp campaign capitol
    castle cathedral center centre century chamber channel charity charter church city club
    coalition
    code college command commission committee commons communications communiqué community company
    conference congress constitution contact convention convergence corporation council county
    court covenant crisis cup daily day days declaration defense defence department desk
    desktop directive directorate district division doctrine document east eastern economy
    education election elections embassy empire energy enforcement engine enterprise enterprises
    environment era event exchange executive exhibition express facility faculty fair
    federation festival field fighters film fleet force forces foreign forest forum foundation
    freedom front fund funds gallery games gazette global globe government group guard guide hall
    harbour
    health highway hill hospital hotel house housing human image images immigration initiative
    inn inquiry institute institution institutes intelligence international island islands
    journal judiciary laboratories laboratory
    leadership kingdom lake land lane law laws league legislation legislature
    liberation
    liberties library licence license line live lodge long-term manual march market media medal
    memorial military
    ministry mission monitor month monthly mosque mountain mountains movement museum nation
    nations navy network new news newspaper north northern ocean office operation order
    organisation organization oversight ordinance palace park parliament participation partnership
    party peace peninsula people peoples permanent petition plan platform police policy post press
    principles prison privacy prize program public programme project protection protocol province
    provisions publications quarter radio railway rangers rebellion reform refugees region
    registry relations
    relief report republic resolution resettlement resources response review revolution rights
    river road room rule school sea sector security senate series service services show society
    software solidarity south southern square staff standards state states station statement
    statute strait strategy street strip studies study subcommittee sub-committee summit support
    survey syndicate system systems talks task team telegraph television temple term territories
    territory terrorism test theatre times today tower town trade treasury treaty trials tribunal
    tribune trust union united university update updates valley version village violence war
    watch water week weekly welfare west western women working world year zone justice
    projet proyecto projeto gouvernement gobierno governo ministère ministerio ministério conseil
    consejo conselho université universidad universidade république república unión união
    dept econ story stories
    linux gnu debian windows server firefox thunderbird
""")
# Capitalised at the start of a sentence, never part of a name.
FUNCTION_WORDS = _set("""
    a about above according across additionally after afterwards again against ago ahead all
    almost along already also although always am amid among an and another any anyone are around
    as asked at away back be because been before behind being below beneath beside besides between
    beyond both but by called calls can cannot companion could creating currently dear despite did
    do does doing done down due during each earlier either else even ever every everyone everything
    except few finally first following for former formerly from full furthermore further given had
    has have having he hence her here hers him his how however i if in indeed inside instead into
    is it its itself just last late later latest least less let like many may maybe me meanwhile
    might more moreover most much must my near neither never nevertheless next no nobody none nor
    not nothing notes now of off often on once one only or other others our out outside over own
    per perhaps please please previously rather read recent recently same second several shall she
    should similarly since so some someone something soon still such than thank thanks that the
    their them themselves then there thereby therefore these they third this those though through
    throughout thus to together too toward towards two under unless unlike until up upon us very
    via was we well were what whatever when whenever where whereas wherever whether which while
    who whom whose why will with within without would yes yesterday yet you your
    today tomorrow tonight accompanying attached speaking earlier including urging calling
    les des une un dans pour avec sur par est sont que qui los las una con por para são os as um
    uma no na der die das und mit im
""")
# Nouns that are also surnames: accepted with a title, an initial or a verb of saying.
SURNAMES_TOO = _set("""
    bank base battle bay beach bridge camp castle chambers church court day days east field fields
    forest freedom guard hall hill home house justice lake lane law lodge long march new news north
    park peace pool post price river rivers road rule school street summit temple test tower train
    west woods
""")
# Small words inside titles: “Secretary of State”, “Ambassador to the United Nations”.
CONNECTORS = _set("of for to on at in and & the de del da do des du la le et y e von der für")
DEMONYMS = _set("""
    afghan african albanian algerian american angolan arab argentine argentinian armenian asian
    australian austrian azerbaijani bahraini bangladeshi belarusian belgian bolivian bosnian
    brazilian british bulgarian burmese cambodian cameroonian canadian catalan chadian chechen
    chilean chinese colombian congolese croatian cuban cypriot czech danish dutch ecuadorian
    egyptian emirati english eritrean estonian ethiopian european filipino finnish french gazan
    georgian german ghanaian greek guatemalan guinean haitian honduran hungarian icelandic indian
    indonesian iranian iraqi irish israeli italian ivorian jamaican japanese jordanian kazakh
    kenyan korean kosovan kurdish kuwaiti kyrgyz lao latin latvian lebanese liberian libyan
    lithuanian macedonian malagasy malawian malaysian maldivian malian maltese mauritanian mexican
    moldovan mongolian moroccan mozambican namibian nepalese nepali nicaraguan nigerian norwegian
    omani pakistani palestinian panamanian papuan paraguayan persian peruvian polish portuguese
    qatari rohingya romanian russian rwandan salvadoran saudi scottish senegalese serbian
    singaporean slovak slovenian somali spanish sri-lankan sudanese swedish swiss syrian taiwanese
    tajik tanzanian thai tibetan tunisian turkish turkmen ugandan ukrainian uighur uyghur
    uruguayan uzbek venezuelan vietnamese welsh western-sahrawi yemeni zambian zimbabwean
    christian buddhist catholic hindu islamic jewish muslim orthodox protestant sikh sunni shia
    communist conservative democrat democratic labour liberal republican
""")
_REGIONS = _lines("""
    africa
    america
    americas
    asia
    balkans
    balochistan
    california
    catalonia
    caucasus
    central asia
    chechnya
    crimea
    darfur
    donbas
    england
    europe
    gaza
    gaza strip
    great britain
    britain
    hong kong
    horn of africa
    idlib
    inner mongolia
    kashmir
    kosovo
    kurdistan
    latin america
    macau
    macao
    mainland china
    middle east
    north africa
    north america
    northern ireland
    oromia
    palestine
    rakhine
    scotland
    sindh
    sinai
    somaliland
    south america
    southeast asia
    tibet
    tigray
    uk
    united states
    usa
    wales
    west bank
    western sahara
    xinjiang
    abuja
    accra
    addis ababa
    aleppo
    algiers
    amman
    amsterdam
    ankara
    athens
    baghdad
    bahrain
    baku
    bangkok
    beijing
    beirut
    belfast
    belgrade
    berlin
    bern
    bogotá
    bogota
    brasília
    brussels
    bucharest
    budapest
    buenos aires
    cairo
    cape town
    caracas
    colombo
    copenhagen
    dakar
    damascus
    delhi
    dhaka
    dublin
    edinburgh
    el salvador
    geneva
    glasgow
    hague
    the hague
    hanoi
    harare
    havana
    helsinki
    islamabad
    istanbul
    jakarta
    jerusalem
    johannesburg
    kabul
    kampala
    karachi
    katmandu
    kathmandu
    khartoum
    kigali
    kinshasa
    kyiv
    kiev
    la paz
    lagos
    lahore
    lahaye
    lima
    lisbon
    london
    los angeles
    lusaka
    madrid
    manila
    mexico city
    minsk
    mogadishu
    montreal
    moscow
    mumbai
    nairobi
    new delhi
    new york
    new zealand
    oslo
    ottawa
    paris
    phnom penh
    port-au-prince
    prague
    pretoria
    pyongyang
    rabat
    rangoon
    riyadh
    rome
    san francisco
    san josé
    san jose
    san salvador
    santiago
    sao paulo
    são paulo
    sarajevo
    seoul
    shanghai
    sofia
    stockholm
    strasbourg
    sydney
    taipei
    tallinn
    tashkent
    tbilisi
    tehran
    tel aviv
    tirana
    tokyo
    toronto
    tripoli
    tunis
    ulaanbaatar
    vienna
    vilnius
    warsaw
    washington
    washington dc
    yangon
    yerevan
    zagreb
""")


# Names of ISO 3166 and the United Nations that differ from CLDR.
_FORMAL_NAMES = _lines("""
    bahamas (the)
    bolivia (plurinational state of)
    bonaire, sint eustatius and saba
    brunei darussalam
    cabo verde
    congo
    congo (the democratic republic of the)
    democratic republic of the congo
    falkland islands (malvinas)
    french southern territories
    holy see
    hong kong
    iran (islamic republic of)
    korea
    korea (the democratic people's republic of)
    korea (the republic of)
    lao people's democratic republic
    macao
    micronesia (federated states of)
    moldova (the republic of)
    naoero
    netherlands (kingdom of the)
    palestine
    palestine, state of
    pitcairn
    russian federation
    saint helena
    saint helena, ascension and tristan da cunha
    saint martin (french part)
    saint vincent and the grenadines
    sao tome and principe
    sint maarten (dutch part)
    south georgia
    south georgia and the south sandwich islands
    syrian arab republic
    taiwan (province of china)
    tanzania, the united republic of
    united kingdom of great britain and northern ireland
    united states minor outlying islands
    united states of america
    venezuela (bolivarian republic of)
    viet nam
    virgin islands
    virgin islands (british)
    virgin islands (u.s.)
""")
# Codes of CLDR that are not countries or territories: unions, and codes for software tests.
_NO_PLACE = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}


def _country_names() -> frozenset[str]:
    territories = Locale("en").territories
    countries = [
        name.replace(" & ", " and ").replace("St. ", "Saint ")
        for code, name in territories.items()
        if len(code) == 2 and code not in _NO_PLACE
    ]
    names: set[str] = set()
    for name in [*countries, *_FORMAL_NAMES]:
        full = name.replace("’", "'").casefold()
        # “Bolivia (Plurinational State of)”, “Korea (The Republic of)”: the place is first.
        names |= {full, full.partition(" (")[0]}
    return frozenset(names)


PLACES = _country_names() | _REGIONS

# Agencies of press pictures; the longest name that matches wins.
PICTURE_AGENCIES = (
    "AFP", "Agence France-Presse", "AAP", "AP", "AP Photo", "AP Images", "Associated Press", "ANP",
    "Adobe Stock", "Alamy", "Alamy Live News", "Alamy Stock Photo", "Anadolu", "Anadolu Agency",
    "Anadolu Images", "ANSA", "Barcroft Media", "Belga", "Bloomberg", "CNS", "CTK", "Demotix",
    "dpa", "EFE", "EPA", "EPA-EFE", "EPA Images", "Flickr", "Future Publishing", "Getty",
    "Getty Images", "Hulton Archive", "ICP", "Imago", "IMAGO", "InPho", "Instagram", "iStock",
    "ITAR-TASS", "Jiji Press", "Keystone", "Kyodo", "Kyodo News", "LightRocket", "Magnum",
    "Magnum Photos", "Mary Evans", "MAXPPP", "Middle East Images", "NurPhoto", "NTB", "PA",
    "PA Images", "PA Media", "PA Wire", "Pacific Press", "Panos", "Panos Pictures",
    "picture alliance",
    "Picture Alliance", "Polaris", "Polaris Images", "Press Association", "Pool", "Redux",
    "Reuters", "REUTERS", "Rex", "Rex Features", "RIA Novosti", "Ritzau Scanpix", "Roger-Viollet",
    "Scanpix", "Shutterstock", "Sipa", "Sipa Press", "Sipa USA", "SIPA", "SOPA Images", "Sputnik",
    "TASS", "TT", "UN Photo", "UNHCR", "UNICEF", "Unsplash", "UPI", "VII", "VII Photo", "WENN",
    "Wikimedia Commons", "WireImage", "Xinhua", "Yonhap", "Zuma", "ZUMA Press", "ZUMA Wire",
)  # fmt: skip
